"""home_bms on a bus with an inverter: it keeps telling, whatever happens, and never more than it may."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import can
import pytest

from custom_components.home_bms.core.model import Flow
from custom_components.home_bms.hw.can import CanLink, CanState
from custom_components.home_bms.hw.can_bus import Sent
from custom_components.home_bms.hw.can_error import CanLinkError
from custom_components.home_bms.hw.can_frame import EXTENDED, CanFrame, frame_of
from custom_components.home_bms.hw.can_params import CanParams, Interface
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.inverters.can_inverter import LATE_AFTER, SILENT, CanInverter
from custom_components.home_bms.hw.inverters.inverter import NO_MEMORY, TOLD_FOR, Ability
from custom_components.home_bms.hw.inverters.presets import CAN_INVERTERS, CAN_PROTOCOLS
from custom_components.home_bms.hw.virtual.inverter import Manner, VirtualInverter
from custom_components.home_bms.hw.virtual.pack import VirtualPack

from .banks import HOME, STACK
from .can_bench import Bench, bench, currents, until

HIGH = {"growatt_hv", "pylontech_hv", "byd_hvs", "solax"}


@pytest.fixture
async def bus() -> AsyncIterator[Bench]:
    async with bench() as found:
        yield found


# --- Whatever happens, it keeps telling ------------------------------------------------------------------------------


async def test_an_inverter_that_has_gone_silent_is_told_on(bus: Bench) -> None:
    virtual = VirtualInverter(VirtualPack(seed=1), wants=lambda _: 0.0)
    shown, link = bus.inverter("pylontech_lv", virtual), bus.quick(values_in_keepalive=False)
    await shown.start()
    try:
        await link.async_tell(HOME, None)
        await until(lambda: link.heard.time is not None and shown.limits)
        assert not link.late
        virtual.manner = Manner.SILENT
        said = shown.said
        await asyncio.sleep(0.15)
        bus.shift += LATE_AFTER + 1
        assert shown.said <= said + 1
        assert link.late
        assert (await link.async_read()).alarms == {SILENT}
        bus.frames.clear()
        await link.async_tell(HOME, None)
        await until(lambda: bus.of(0x351))
        assert currents(bus.of(0x351)[-1]) == (120.0, 200.0)
        virtual.manner = Manner.OBEYS
        await link.async_tell(HOME, None)
    finally:
        await link.async_release()
        await shown.stop()


async def test_an_inverter_that_never_says_anything_is_late_too_unless_it_is_known_for_that(bus: Bench) -> None:
    link, quiet = bus.told_to("pylontech_lv"), bus.told_to("pylontech_lv", keepalive=False)
    assert not link.late
    for one in (link, quiet):
        await one.async_identify()
    bus.shift += LATE_AFTER - 1
    assert not link.late
    bus.shift += 2
    assert link.late
    assert not quiet.late
    await bus.say(frame_of(0x305 | EXTENDED, bytes(8)))
    bus.shift = 0.0
    await until(lambda: link.heard.time is not None)
    assert not link.late
    assert (await link.async_read()).alarms is None
    for one in (link, quiet):
        await one.async_release()


async def test_what_is_not_sent_yet_is_not_told(bus: Bench) -> None:
    link = bus.quick()
    await link.async_tell(HOME, None)
    assert not link.tells
    await until(lambda: bus.of(0x351))
    assert link.tells
    await link.async_release()
    assert not link.tells


async def test_a_supervisor_that_stalls_permits_nothing_but_is_not_silent(bus: Bench) -> None:
    link = bus.quick()
    await link.async_tell(HOME, None)
    await until(lambda: bus.of(0x35A))
    assert currents(bus.of(0x351)[-1]) == (120.0, 200.0)
    assert set(bus.of(0x35A)) == {b"\xaa" * 8}
    bus.shift += TOLD_FOR + 1
    await until(lambda: currents(bus.of(0x351)[-1]) == (0.0, 0.0))
    bus.frames.clear()
    await until(lambda: len(bus.of(0x351)) > 3 and bus.of(0x35A))
    assert {currents(data) for data in bus.of(0x351)} == {(0.0, 0.0)}
    # The charge voltage stays, 55.2 V.
    assert {data[:2] for data in bus.of(0x351)} == {b"\x28\x02"}
    # It says why, too: its own works have failed.
    assert bus.of(0x35A)[-1] == bytes.fromhex("AAAA6AAAAAAAAAAA")
    await link.async_tell(HOME, None)
    await until(lambda: currents(bus.of(0x351)[-1]) == (120.0, 200.0))
    await link.async_release()


async def test_a_charge_voltage_that_cannot_be_gives_way_to_the_last_that_could(bus: Bench) -> None:
    link = bus.quick()
    await link.async_tell(replace(HOME, cvl=0.0), None)
    await asyncio.sleep(0.2)
    assert bus.frames == []
    await link.async_tell(HOME, None)
    await until(lambda: bus.of(0x351))
    for nonsense in (0.0, float("nan"), 40.0):
        await link.async_tell(replace(HOME, cvl=nonsense, soc=12.0), None)
        bus.frames.clear()
        await until(lambda: len(bus.of(0x351)) > 1 and len(bus.of(0x355)) > 1)
        assert bus.of(0x351)[-1] == bytes.fromhex("280200000000D001")
        assert bus.of(0x355)[-1][0] == 12
    await link.async_release()


# --- Handing back ----------------------------------------------------------------------------------------------------


async def test_handing_back_permits_nothing_first_then_falls_silent(bus: Bench) -> None:
    link = bus.quick(release_for=1.0)
    await link.async_tell(HOME, None)
    await until(lambda: bus.of(0x35F))
    await link.async_release()
    await asyncio.sleep(0.1)
    limits = [currents(data) for data in bus.of(0x351)]
    stopped = limits.index((0.0, 0.0))
    assert set(limits[:stopped]) == {(120.0, 200.0)}
    assert set(limits[stopped:]) == {(0.0, 0.0)}
    # It was told so again before the silence.
    assert len(limits[stopped:]) >= 2
    # A planned end is no failure.
    assert set(bus.of(0x35A)) == {b"\xaa" * 8}
    bus.frames.clear()
    await asyncio.sleep(0.4)
    assert bus.frames == []
    await link.async_release()
    await link.async_tell(HOME, None)
    await until(lambda: bus.of(0x351))
    assert currents(bus.of(0x351)[-1]) == (120.0, 200.0)
    await link.async_release()


@pytest.mark.parametrize("held", [Flow.CHARGE, Flow.BOTH])
async def test_the_last_that_is_heard_of_a_battery_that_has_tripped_is_a_zero(bus: Bench, held: Flow) -> None:
    tripped = replace(HOME, ccl=0.0, charge_permitted=False, alarms=frozenset({"cell_overvoltage"}))
    link = bus.quick(release_for=0.5)
    await link.async_tell(tripped, None)
    await until(lambda: bus.of(0x351))
    await link.async_release(held)
    await asyncio.sleep(0.1)
    limits = [currents(data) for data in bus.of(0x351)]
    assert limits[0] == (0.0, 200.0)
    assert limits[-1] == (0.0, 0.0)
    bus.frames.clear()
    await asyncio.sleep(0.3)
    assert bus.frames == [], "it is silent, not back at what it was"


async def test_handing_back_what_was_never_told_is_silent(bus: Bench) -> None:
    link = bus.told_to("growatt_hv")
    await link.async_identify()
    await link.async_tell(STACK, None)
    await link.async_release()
    assert bus.frames == []
    assert link.memory is NO_MEMORY


async def test_a_hand_back_that_is_cut_short_leaves_nobody_sending(bus: Bench) -> None:
    link = bus.quick(release_for=60.0)
    await link.async_tell(HOME, None)
    await until(lambda: bus.of(0x35F))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await link.async_release()
    await asyncio.sleep(0.1)
    assert currents(bus.of(0x351)[-1]) == (0.0, 0.0)
    bus.frames.clear()
    await asyncio.sleep(0.4)
    assert bus.frames == []


# --- Others on the bus -----------------------------------------------------------------------------------------------


async def test_where_a_battery_speaks_already_home_bms_does_not(bus: Bench) -> None:
    link = bus.quick(listen_for=1.0)
    real = await bus.other.claim({0x351}, 0.0)
    real.send(CanFrame(id=0x351, data=bytes(8)))
    await until(lambda: 0x351 in bus.link.statistics.ids)
    await link.async_tell(HOME, None)
    for _ in range(3):
        await asyncio.sleep(0.05)
        real.send(CanFrame(id=0x351, data=bytes(8)))
        with pytest.raises(CanLinkError) as caught:
            await link.async_tell(HOME, None)
        assert caught.value.key == "can_ids_in_use"
    assert bus.frames == []
    real.release()
    await asyncio.sleep(1.1)
    with pytest.raises(CanLinkError):
        await link.async_tell(HOME, None)
    await until(lambda: bus.of(0x351))
    await link.async_tell(HOME, None)
    await link.async_release()


async def test_a_battery_that_appears_later_silences_home_bms(bus: Bench) -> None:
    link = bus.quick(listen_for=1.0)
    await link.async_tell(HOME, None)
    await until(lambda: bus.of(0x351))
    await bus.say(CanFrame(id=0x355, data=bytes(8)))
    await asyncio.sleep(0.3)
    bus.frames.clear()
    with pytest.raises(CanLinkError) as caught:
        await link.async_tell(HOME, None)
    assert caught.value.placeholders == {"ids": "355"}
    await asyncio.sleep(0.2)
    assert bus.frames == []
    await link.async_release()


async def test_a_bus_that_is_not_there_is_told(bus: Bench) -> None:
    missing = CanLink(CanParams(interface=Interface.SOCKETCAN, channel="nocan7"))
    protocol = CAN_PROTOCOLS["sma"]
    link = CanInverter(missing, protocol, protocol.options())
    for attempt in (link.async_identify(), link.async_tell(HOME, None), link.async_read()):
        with pytest.raises(CanLinkError) as caught:
            await attempt
        assert caught.value.key == "can_interface_missing"
    await link.async_release()
    await missing.close()


class DeafBus:
    """A bus on which nobody acknowledges."""

    garbled = 0

    def __init__(self, *_: object) -> None:
        pass

    def send(self, frames: list[CanFrame]) -> Sent:
        return Sent(0, can.CanTimeoutError("nobody"))

    def close(self) -> None:
        pass


async def test_a_bus_on_which_nobody_listens_is_told() -> None:
    deaf = CanLink(CanParams(interface=Interface.VIRTUAL, channel="deaf"), bus=DeafBus)
    protocol = CAN_PROTOCOLS["sma"]
    link = CanInverter(deaf, protocol, protocol.options(), listen_for=0.0, release_for=0.0)
    await link.async_tell(HOME, None)
    await until(lambda: deaf.state is CanState.SILENT)
    with pytest.raises(DriverError) as caught:
        await link.async_tell(HOME, None)
    assert caught.value.key == "no_answer"
    await link.async_release()
    await deaf.close()


# --- The table -------------------------------------------------------------------------------------------------------


async def test_rows_of_the_table_make_links(bus: Bench) -> None:
    for row in CAN_INVERTERS.values():
        made = row.create(bus.link, memory=NO_MEMORY, keep=None, clock=bus.clock)
        assert made.info.model == row.name
        assert made.info.fingerprint == row.name
        assert made.abilities & (Ability.CVL | Ability.CCL | Ability.DCL)
