"""What web archives hold, are asked for and are asked to capture; and where lost ones may stand."""
