"""Makes Home Assistant's loader find this repository's integration in tests."""
