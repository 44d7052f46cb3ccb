"""How a pack is reached, and what is done with it as a device."""
