"""What a remote operator sees and may do over MQTT."""
