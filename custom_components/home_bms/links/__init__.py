"""The Modbus links that packs and inverters share."""
