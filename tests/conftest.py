"""Makes the integration importable for every test.

Home Assistant's loader otherwise takes the harness's own `custom_components` folder for the only one.
"""

import asyncio
import logging
from os import environ

import pytest
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

# The harness has all told in the log: each question to the database, each step of the recorder, each Modbus frame at
# both of its ends, each file as a whole, which is more work than the tests.
CHATTY = (
    "homeassistant.components.recorder",
    "pymodbus.logging",
    "pytest_homeassistant_custom_component.common",
    "sqlalchemy.engine",
    "tmodbus.raw_traffic",
)
for chatty in CHATTY:
    logging.getLogger(chatty).setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
async def enable_event_loop_debug() -> None:
    """Take the harness's fixture's place: where each call was made from takes a third of all time, so only by night."""
    asyncio.get_running_loop().set_debug("HOME_BMS_DEBUG" in environ)
