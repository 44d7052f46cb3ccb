"""Reports that an installer or insurer can read."""
