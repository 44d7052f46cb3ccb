"""Rest for a battery that nobody needs for a while."""
