"""Makes the integration importable for every test.

Home Assistant's loader otherwise takes the harness's own `custom_components` folder for the only one.
"""

import logging
from os import environ

from hypothesis import HealthCheck, settings

import custom_components.home_bms  # noqa: F401

# Time is no matter of right or wrong on a machine that others use too.
settings.register_profile(
    "default",
    max_examples=int(environ.get("HOME_BMS_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")

# The harness has each question to the database and each step of the recorder told in the log: more work than the tests.
for chatty in ("sqlalchemy.engine", "homeassistant.components.recorder"):
    logging.getLogger(chatty).setLevel(logging.WARNING)
