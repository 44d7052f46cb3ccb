"""The page of devices says what the register maps say."""

from __future__ import annotations

import pytest

from custom_components.home_bms.hw.devices import DEVICES
from scripts import devices_table


def test_the_page_is_current() -> None:
    assert devices_table.main(["--check"]) == 0, "run: python -m scripts.devices_table"


@pytest.mark.parametrize("key", DEVICES)
def test_every_device_has_a_page_and_a_row(key: str) -> None:
    assert (devices_table.PAGE.parent / f"{key}.md").exists()
    assert f"]({key}.md)" in devices_table.PAGE.read_text()


def test_a_jk_tells_everything() -> None:
    assert devices_table.told_by(DEVICES["jk_pb"]) >= {*devices_table.COLUMNS.values(), "hardware"}
