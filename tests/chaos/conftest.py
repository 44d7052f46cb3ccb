"""The surroundings of the fault matrix: real files, real sockets on loopback."""

from ..matrix.conftest import hass_config_dir, hass_storage, matrix_surroundings  # noqa: F401
