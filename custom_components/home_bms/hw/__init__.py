"""Everything that touches a wire; it imports the core and bus libraries, never Home Assistant."""
