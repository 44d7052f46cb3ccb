"""Packs, sensors and inverters on CAN."""
