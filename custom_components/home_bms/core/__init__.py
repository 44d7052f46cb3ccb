"""The pure battery management core: no clock, no I/O, no logging; it imports the standard library and itself only."""
