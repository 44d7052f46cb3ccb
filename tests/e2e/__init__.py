"""The stories that need a whole Home Assistant."""
