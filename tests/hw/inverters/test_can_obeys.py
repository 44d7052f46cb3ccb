"""Inverters of every kind on a bus read what home_bms tells them, and make of it what their manner is."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from custom_components.home_bms.hw.can import CanLink
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_frame import CanFrame
from custom_components.home_bms.hw.can_params import CanParams, Interface
from custom_components.home_bms.hw.inverters.can_inverter import CanInverter
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS
from custom_components.home_bms.hw.virtual.can_inverter import READERS
from custom_components.home_bms.hw.virtual.inverter import Manner, VirtualInverter
from custom_components.home_bms.hw.virtual.pack import VirtualPack

from .banks import HOME, STACK
from .can_bench import Bench, bench, currents, until

HIGH = {"growatt_hv", "pylontech_hv", "byd_hvs", "solax"}


@pytest.fixture
async def bus() -> AsyncIterator[Bench]:
    async with bench() as found:
        yield found


@pytest.mark.parametrize("protocol", sorted(CAN_PROTOCOLS))
async def test_an_inverter_reads_what_it_is_told_and_what_it_is_told_next(bus: Bench, protocol: str) -> None:
    bank = STACK if protocol in HIGH else HOME
    inverter, link = bus.inverter(protocol), bus.told_to(protocol, unprompted=False) if False else bus.told_to(protocol)
    await link.async_identify()
    await inverter.start()
    try:
        await link.async_tell(bank, None)
        await until(lambda: inverter.limits == (bank.cvl, bank.ccl, bank.dcl) and inverter.switches == (True, True))
        await link.async_tell(replace(bank, ccl=7.0, discharge_permitted=False), None)
        await until(lambda: inverter.limits == (bank.cvl, 7.0, 0.0))
        assert inverter.inverter.told.dcl == 0.0
        await link.async_read()
        assert not link.late
        await link.async_release()
        await until(lambda: inverter.limits == (bank.cvl, 0.0, 0.0))
        assert inverter.inverter.told.ccl == inverter.inverter.told.dcl == 0.0
    finally:
        await link.async_release()
        await inverter.stop()


@pytest.mark.usefixtures("socket_enabled")
async def test_over_udp_as_well() -> None:
    params = CanParams(interface=Interface.UDP_MULTICAST, channel="239.74.163.77", port=43917)
    ours, theirs = CanLink(params), CanLink(params)
    heard: list[CanFrame] = []
    try:
        await theirs.open()
        theirs.subscribe(heard.append, {0x351})
        protocol = CAN_PROTOCOLS["sma"]
        link = CanInverter(ours, protocol, protocol.options(), listen_for=0.05, release_for=0.2)
        await link.async_tell(HOME, None)
        await until(lambda: len(heard) > 1)
        assert currents(heard[0].data) == (120.0, 200.0)
        await link.async_release()
    finally:
        await ours.close()
        await theirs.close()


@pytest.mark.parametrize(
    ("manner", "dead_time", "flows"),
    [
        (Manner.OBEYS, 0.0, (1.0, 1.0)),
        (Manner.OBEYS, 5.0, (None, 1.0)),
        (Manner.IGNORES_CURRENT_LIMITS, 0.0, (None, None)),
        (Manner.IGNORES_ALL, 0.0, (None, None)),
    ],
)
async def test_inverters_obey_late_in_part_or_not_at_all(
    bus: Bench, manner: Manner, dead_time: float, flows: tuple[float | None, float | None]
) -> None:
    """Told that 1 A may flow, the pack sees that, or the 20 A that the sun gives."""
    pack = VirtualPack(seed=1)
    virtual = VirtualInverter(pack, wants=lambda _: 20 * pack.voltage, manner=manner, dead_time=dead_time)
    shown, link = bus.inverter("pylontech_lv", virtual), bus.told_to("pylontech_lv")
    await shown.start()
    try:
        await link.async_tell(replace(HOME, ccl=1.0), None)
        await until(lambda: virtual.told.ccl == 1.0)
        for seconds, current in zip((2.0, 10.0), flows, strict=True):
            virtual.advance(seconds)
            assert (current is None and pack.current > 15) or abs(pack.current - (current or 0)) < 0.1
    finally:
        await link.async_release()
        await shown.stop()


async def test_a_gx_that_is_told_no_more_stops_by_itself(bus: Bench) -> None:
    shown, link = bus.inverter("victron_can"), bus.told_to("victron_can")
    await shown.start()
    try:
        await link.async_tell(HOME, None)
        await until(lambda: shown.inverter.told.ccl == 120.0 and link.heard.manufacturer == "Victron Energy")
        assert link.lease == 3.0
        await bus.link.close()
        bus.shift += 4.0
        await until(lambda: shown.inverter.told.ccl == 0.0)
        with pytest.raises(CanLinkError):
            await link.async_tell(HOME, None)
    finally:
        await link.async_release()
        await shown.stop()


def test_every_protocol_has_an_inverter_to_try_it_with() -> None:
    assert set(READERS) == set(CAN_PROTOCOLS)
