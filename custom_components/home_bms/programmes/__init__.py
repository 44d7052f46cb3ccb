"""Grid programmes that are followed."""
