"""home_bms beside the servers that homes run: an MQTT broker, a database."""
