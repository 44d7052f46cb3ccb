"""What was recorded: exports, sessions, and what would have been."""
