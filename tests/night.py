"""Tells tests whether they run by night, when they may take their time: `scripts/test --nightly`."""

from os import environ
from typing import Final

import pytest

NIGHTLY: Final = int(environ.get("HOME_BMS_EXAMPLES", "0")) >= 1000
by_night: Final = pytest.mark.skipif(not NIGHTLY, reason="it takes a minute, and nothing else waits for what it guards")
