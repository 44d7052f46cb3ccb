"""What home_bms does with a CAN bus in Home Assistant."""
