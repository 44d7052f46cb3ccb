"""What home_bms costs and how fast it reacts."""
