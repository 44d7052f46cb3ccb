"""A pack's configuration travels as a document, is taken over only whole, and never lets home_bms act by itself."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_params import params_from_data
from custom_components.home_bms.packs.transfer import ADDRESSES, async_created, checked, export, updated

from .conftest import ENTRY_ID, PACK_ID, VIRTUAL, ScriptedDriver, make_entry, pack_subentry, set_up, until
from .parts_house import served, subentry
from .test_services import answer, call

BUS = {"interface": "udp_multicast", "channel": "239.0.0.1", "port": 43113, "bitrate": 500000}


async def exported(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Return what an export gives away, as it comes out of a file."""
    found: dict[str, Any] = json.loads(json.dumps((await answer(hass, "export_pack", PACK_ID, **data))["pack"]))
    return found


def moved(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a document with other settings; `None` takes one out."""
    data = {key: value for key, value in {**document["data"], **changes}.items() if value is not None}
    return {**document, "data": data}


@pytest.fixture
async def document(hass: HomeAssistant, pack: PackCoordinator) -> dict[str, Any]:
    """Return the pack's own document, whole, of a pack that is another."""
    document = moved(await exported(hass, addresses=True), serial_number="JK-0002", host="127.0.0.2")
    return {**document, "unique_id": "JK-0002", "title": "Pack 2"}


async def test_what_is_given_away_tells_what_it_is_and_not_where(hass: HomeAssistant, pack: PackCoordinator) -> None:
    document = await exported(hass)
    assert (document["schema"], document["version"], document["title"]) == ("home_bms.pack", 1, "Pack 1")
    assert not ADDRESSES & document["data"].keys()
    assert "JK-0001" not in json.dumps(document)
    assert "127.0.0.1" not in json.dumps(document)
    assert document["data"]["capacity"] == 280


async def test_a_pack_takes_over_what_another_is_made_of_and_stays_who_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    await entry.runtime_data.async_allow_control(True)
    document = moved(await exported(hass), capacity=300.0, thresholds={"cell_voltage_full": 3.44})
    # What a pack of another document is called, and where it is, is its own.
    told = await answer(hass, "import_pack", PACK_ID, pack=moved(document, host="127.0.0.9", serial_number="X"))
    await hass.async_block_till_done()
    assert told == {"pack_id": PACK_ID, "created": False}
    again: PackCoordinator = entry.runtime_data.packs[PACK_ID]
    assert (again.config.capacity, again.config.cell_voltage_full) == (300, 3.44)
    assert again.subentry.data["host"] == "127.0.0.1"
    assert again.subentry.data["serial_number"] == "JK-0001"
    assert not entry.runtime_data.control_allowed
    # What the document does not move goes back to what is proposed.
    await call(hass, "import_pack", PACK_ID, pack=moved(document, thresholds=None))
    await hass.async_block_till_done()
    assert "thresholds" not in entry.subentries[PACK_ID].data


async def test_a_system_gets_a_further_pack_and_control_has_to_be_allowed_anew(
    hass: HomeAssistant,
    drivers: list[ScriptedDriver],
    entry: MockConfigEntry,
    document: dict[str, Any],
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    await entry.runtime_data.async_allow_control(True)
    told = await answer(hass, "import_pack", ENTRY_ID, pack=document)
    await hass.async_block_till_done()
    assert told["created"]
    made = entry.subentries[told["pack_id"]]
    assert (made.title, made.unique_id, dict(made.data)) == ("Pack 2", "JK-0002", document["data"])
    await until(lambda: told["pack_id"] in entry.runtime_data.packs)
    assert not entry.runtime_data.control_allowed
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "import_pack", ENTRY_ID, pack=document)
    assert err.value.translation_key == "pack_known"


@pytest.mark.parametrize(
    ("changes", "key", "field"),
    [
        pytest.param({"cells": 0}, "out_of_range", "cells", id="too few cells"),
        pytest.param({"capacity": "much"}, "import_kind", "capacity", id="a word for a number"),
        pytest.param({"chemistry": "gold"}, "import_kind", "chemistry", id="no chemistry"),
        pytest.param({"chemistry": 5}, "import_kind", "chemistry", id="a number for a word"),
        pytest.param({"charge_current": float("nan")}, "import_kind", "charge_current", id="not a number"),
        pytest.param({"surprise": 1}, "import_unknown", "surprise", id="unknown setting"),
        pytest.param({"host": 5}, "import_kind", "host", id="no host"),
        pytest.param({"port": 0}, "out_of_range", "port", id="no port"),
        pytest.param({"port": True}, "import_kind", "port", id="a truth for a port"),
        pytest.param({"unit_id": 1.5}, "import_kind", "unit_id", id="half a unit id"),
        pytest.param({"parity": "mostly"}, "import_kind", "parity", id="no parity"),
        pytest.param({"stopbits": 3}, "out_of_range", "stopbits", id="too many stop bits"),
        pytest.param(
            {"type": "rtu_over_tcp", "host": "127.0.0.1"}, "link_settings_in_use", "type", id="another's link"
        ),
        pytest.param(
            {"type": "virtual", "seed": 1, "speed": 1, "host": None}, "import_kind", "type", id="half of a link"
        ),
        pytest.param({"port": None}, "import_missing", "port", id="without a port"),
        pytest.param({"cells": None}, "import_missing", "cells", id="without cells"),
        pytest.param({"serial_number": None}, "import_missing", "serial_number", id="without a serial number"),
        pytest.param({"type": "pigeon"}, "import_kind", "type", id="no such link"),
        pytest.param({"type": "entities"}, "import_kind", "type", id="entities of another house"),
        pytest.param({"model": "gold"}, "import_kind", "model", id="no such model"),
        pytest.param({"model": "daly_a5"}, "import_kind", "type", id="frames of its own over Modbus TCP"),
        pytest.param({"thresholds": {"nonsense": 1}}, "import_unknown", "nonsense", id="unknown threshold"),
        pytest.param({"thresholds": {"cell_voltage_full": 9}}, "out_of_range", "cell_voltage_full", id="9 V a cell"),
        pytest.param({"thresholds": {"cell_voltage_full": "x"}}, "import_kind", "cell_voltage_full", id="no threshold"),
        pytest.param({"hardware_ring": {"nonsense": 1}}, "import_unknown", "nonsense", id="unknown register"),
        pytest.param({"hardware_ring": {"charge_current": "x"}}, "import_kind", "charge_current", id="no register"),
        pytest.param({"chemistry": "na_ion"}, "confirm_datasheet", "confirmed", id="a datasheet nobody read"),
        pytest.param({"type": "parts", "parts": {}}, "parts_no_link", "links", id="parts of nothing"),
        pytest.param({"type": "can", "can": {}}, "import_kind", "interface", id="no bus"),
        pytest.param({"type": "can", "can": {**BUS, "bitrate": "x"}}, "import_kind", "bitrate", id="no bit rate"),
        pytest.param({"type": "can", "can": BUS}, "import_kind", "model", id="nothing that speaks there"),
        pytest.param(
            {"type": "can", "can": BUS, "model": "can_dbc"}, "import_missing", "dbc_name", id="without a file"
        ),
        pytest.param(
            {"type": "can", "can": BUS, "model": "can_dbc", "dbc_name": "a", "dbc": "b", "mapping": {"x": 1}},
            "import_kind",
            None,
            id="a file that is none",
        ),
    ],
)
async def test_what_cannot_be_meant_is_refused_naming_the_field_and_changes_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    document: dict[str, Any],
    changes: dict[str, Any],
    key: str,
    field: str | None,
) -> None:
    await entry.runtime_data.async_allow_control(True)
    before = dict(entry.subentries)
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "import_pack", ENTRY_ID, pack=moved(document, **changes))
    assert err.value.translation_key == key
    assert err.value.translation_placeholders is not None
    assert field in (None, err.value.translation_placeholders["field"])
    assert str(err.value)
    assert dict(entry.subentries) == before
    # Who was refused has changed nothing at all.
    assert entry.runtime_data.control_allowed


@pytest.mark.parametrize(
    ("changes", "key", "field"),
    [
        pytest.param({"schema": "other"}, "import_schema", "schema", id="of somebody else"),
        pytest.param({"version": 2}, "import_version", "version", id="of a later home_bms"),
        pytest.param({"title": ""}, "out_of_range", "title", id="without a name"),
        pytest.param({"data": []}, "import_kind", "data", id="without settings"),
        pytest.param({"unique_id": 5}, "import_kind", "unique_id", id="a number for an id"),
    ],
)
async def test_a_document_of_another_kind_is_refused(
    hass: HomeAssistant, document: dict[str, Any], changes: dict[str, Any], key: str, field: str
) -> None:
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "import_pack", ENTRY_ID, pack={**document, **changes})
    assert err.value.translation_key == key
    assert err.value.translation_placeholders is not None
    assert err.value.translation_placeholders["field"] == field


def test_a_whole_number_is_one_however_it_is_written() -> None:
    given = {"schema": "home_bms.pack", "version": 1, "title": "Pack", "data": {"unit_id": 3.0}}
    assert isinstance(checked(given)["unit_id"], int)


async def test_a_bus_that_is_open_with_other_settings_is_not_shared(
    hass: HomeAssistant, entry: MockConfigEntry, document: dict[str, Any]
) -> None:
    before = dict(entry.subentries)
    held = CanLink(params_from_data({**BUS, "bitrate": 250000}))
    with (
        patch("custom_components.home_bms.packs.transfer.async_held_can", return_value=held),
        pytest.raises(ServiceValidationError) as err,
    ):
        await call(hass, "import_pack", ENTRY_ID, pack=moved(document, type="can", can=BUS))
    assert err.value.translation_key == "link_settings_in_use"
    assert dict(entry.subentries) == before


async def test_of_several_packs_one_must_be_meant(
    hass: HomeAssistant, drivers: list[ScriptedDriver], driver: ScriptedDriver, scripted: None
) -> None:
    drivers.append(ScriptedDriver("JK-0002"))
    other = pack_subentry("01PACK0000000000000000000B", "Pack 2", serial_number="JK-0002")
    await set_up(hass, make_entry(hass, pack_subentry(), other))
    for action in ("export_pack", "get_changes"):
        with pytest.raises(ServiceValidationError) as err:
            await answer(hass, action, ENTRY_ID)
        assert err.value.translation_key == "one_pack_only"


async def test_a_pack_of_parts_travels_and_its_parts_go_on_telling_how_many_cells_it_has(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, socket_enabled: None
) -> None:
    async with served() as world:
        given = subentry(world)
    kept = {**given["data"]}
    before = ConfigSubentry(
        data=MappingProxyType(kept), subentry_type="pack", title="Parts", unique_id="0123", subentry_id="parts"
    )
    document = json.loads(json.dumps(export(before, addresses=True)))
    made = await async_created(hass, document)
    assert (made.unique_id, made.data["parts"]) == ("0123", json.loads(json.dumps(kept["parts"])))
    assert updated(before, moved(document, cells=4, capacity=200.0)) == {**kept, "capacity": 200.0}
    with pytest.raises(ConfigError, match="import_kind: unique_id"):
        await async_created(hass, {**document, "unique_id": None})
    with pytest.raises(ConfigError):
        await async_created(hass, moved(document, parts={"links": {"a": {}}, "members": [5]}))


async def test_a_virtual_pack_travels_too(hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator) -> None:
    document = {**await exported(hass), "title": "Virtual", "data": dict(VIRTUAL)}
    made = await async_created(hass, document)
    assert (made.unique_id, dict(made.data)) == ("VIRTUAL-0001", VIRTUAL)
