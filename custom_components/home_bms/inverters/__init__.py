"""What inverters are told, and what they make of it."""
