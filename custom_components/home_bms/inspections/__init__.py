"""The plan of inspections."""
