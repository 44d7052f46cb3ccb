"""Inverters: what home_bms tells the limits of the battery."""
