"""What the commands, the report and people ask of an archive. Nothing here writes."""
