"""Every option of every protocol reaches what the inverter is told, and nothing that is not meant to change does."""

from dataclasses import fields

import pytest

from custom_components.home_bms.hw.inverters.can_inverter import LATE_AFTER
from custom_components.home_bms.hw.inverters.can_protocol import data_of, moved_options, options_from_data
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS, PRESETS, Preset

from .can_bench import bench
from .options import MOVED, REACHES, Reach


@pytest.mark.parametrize("reach", REACHES, ids=lambda reach: f"{reach.protocol}-{reach.option}")
def test_an_option_reaches_what_is_told(reach: Reach) -> None:
    protocol = CAN_PROTOCOLS[reach.protocol]
    usual = protocol.options()
    moved = options_from_data(protocol.options, {reach.option: reach.value})
    assert reach.look(protocol, reach.bank, usual) == reach.usual
    assert reach.look(protocol, reach.bank, moved) == reach.moved


@pytest.mark.parametrize("key", sorted(CAN_PROTOCOLS))
def test_no_option_is_without_its_proof(key: str) -> None:
    assert set(MOVED[key]) == {part.name for part in fields(CAN_PROTOCOLS[key].options)}
    usual = data_of(CAN_PROTOCOLS[key].options())
    assert all(MOVED[key][name] != value for name, value in usual.items())


@pytest.mark.parametrize("key", sorted(CAN_PROTOCOLS))
async def test_who_expects_no_keep_alive_warns_of_none(key: str) -> None:
    async with bench() as bus:
        warns, quiet = bus.told_to(key), bus.told_to(key, keepalive=False)
        for link in (warns, quiet):
            await link.async_identify()
        assert not warns.late
        bus.shift = LATE_AFTER + 1
        assert (warns.late, quiet.late) == (True, False)
        for link in (warns, quiet):
            await link.async_release()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.key)
def test_only_what_differs_from_the_make_is_kept_and_it_comes_back_whole(preset: Preset) -> None:
    kind = preset.protocol.options
    usual = data_of(options_from_data(kind, preset.options))
    assert moved_options(kind, preset.options, usual) == {}
    wanted = MOVED[preset.protocol.key]
    kept = moved_options(kind, preset.options, wanted)
    assert kept == {name: value for name, value in wanted.items() if value != usual[name]}
    assert data_of(options_from_data(kind, {**preset.options, **kept})) == wanted
