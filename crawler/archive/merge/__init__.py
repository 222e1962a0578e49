"""Two archives become one, as if one had made all the visits."""
