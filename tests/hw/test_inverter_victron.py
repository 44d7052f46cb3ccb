"""A Victron GX is told the battery's limits, over a real link, and gets back what was its user's."""

import json

import pytest

from custom_components.home_bms.core.escalation import Step
from custom_components.home_bms.core.model import Flow
from custom_components.home_bms.core.obedience import Response
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.inverters.inverter import Ability, InverterReading, Limits, SetpointError
from custom_components.home_bms.hw.inverters.modbus import MODBUS_INVERTERS
from custom_components.home_bms.hw.inverters.victron_gx import FINE_RISE_AFTER, RISE_AFTER
from custom_components.home_bms.hw.victron import RENEW_WITHIN
from custom_components.home_bms.hw.virtual.inverter import Manner
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualGx

from .inverter_story import Kept, inverter, story

ROW = MODBUS_INVERTERS["victron_gx"]
CURRENT, VOLTAGE, POWER = 2705, 2710, 2721


def gx(how=None, front=None, **more):
    """Serve a GX and give its story."""
    return story(ROW.create, front or VirtualGx(inverter(**(how or {})), **more), unit_id=100)


def of(writes, address):
    """Return the words of each write to a register."""
    return [words for _, at, words in writes if at == address]


async def test_it_says_what_it_can_do(socket_enabled):
    async with gx() as told:
        with pytest.raises(DriverError):
            _ = told.link.info
        info = await told.link.async_identify()
        assert told.link.info == info
        assert info.fingerprint == "Victron Energy GX"
        assert told.link.abilities == Ability.CVL | Ability.CCL | Ability.DCL | Ability.SETPOINT | Ability.MEASURES
        assert told.link.lease is None
        assert told.server.writes == []


async def test_the_battery_is_charged_within_what_it_permits(socket_enabled):
    async with gx({"wants": 4500.0}) as told:
        told.inverter.advance(3)
        assert told.pack.current > 80
        await told.cycle(3, ccl=20.9)
        assert 19 < told.pack.current <= 20.1
        assert told.front.settings[CURRENT] == 20
        assert told.front.settings[VOLTAGE] == 576
        await told.cycle(3, ccl=20.9, charge_permitted=False)
        assert told.pack.current == 0


async def test_the_battery_is_discharged_within_what_it_permits(socket_enabled):
    async with gx({"wants": -4500.0}) as told:
        told.inverter.advance(3)
        await told.cycle(3, dcl=20.0)
        # 20 A at some 53 V, in steps of 100 W.
        assert told.front.settings[POWER] == 1000
        assert -20.1 < told.pack.current < -17
        await told.cycle(3, dcl=0.0)
        assert told.pack.current == 0


async def test_a_charge_voltage_is_told_that_the_battery_does_not_pass(socket_enabled):
    async with gx({"wants": 4500.0, "soc": 97.0}) as told:
        for _ in range(60):
            await told.cycle(cvl=54.44)
            assert told.pack.voltage < 54.5
        assert told.front.settings[VOLTAGE] == 544


async def test_without_a_known_voltage_nothing_is_drawn(socket_enabled):
    async with gx({"wants": -4500.0}) as told:
        await told.cycle(3, voltage=None)
        assert told.front.settings[POWER] == 0
        assert told.pack.current == 0


async def test_what_stands_is_not_written_again_and_rises_are_rare(socket_enabled):
    async with gx() as told:
        await told.cycle(5, ccl=30.0)
        assert of(told.server.writes, CURRENT) == [(30,)]
        await told.cycle(1, ccl=60.0)
        assert told.front.settings[CURRENT] == 30
        await told.cycle(int(RISE_AFTER), ccl=60.0)
        assert told.front.settings[CURRENT] == 60
        # A single step waits longer, a fall never.
        await told.cycle(int(RISE_AFTER) + 1, ccl=61.0)
        assert told.front.settings[CURRENT] == 60
        told.inverter.advance(FINE_RISE_AFTER)
        await told.cycle(1, ccl=61.0)
        assert told.front.settings[CURRENT] == 61
        await told.cycle(1, ccl=12.0)
        assert told.front.settings[CURRENT] == 12
        assert of(told.server.writes, CURRENT) == [(30,), (60,), (61,), (12,)]


@pytest.mark.parametrize("held", [Flow.CHARGE, Flow.DISCHARGE, Flow.BOTH])
async def test_what_a_protection_holds_is_left_at_zero_and_the_rest_put_back(socket_enabled, held):
    async with gx() as told:
        await told.cycle(2, ccl=0.0, dcl=0.0, cvl=54.0)
        await told.link.async_release(held)
        settings = told.front.settings
        charge, discharge = bool(held & Flow.CHARGE), bool(held & Flow.DISCHARGE)
        assert (settings[CURRENT], settings[VOLTAGE]) == ((0, 540) if charge else (0xFFFF, 0))
        assert settings[POWER] == (0 if discharge else 0xFFFF)
        # The next run, or control that is switched off, puts back what was found.
        assert told.link.memory["leases"].keys() == (
            ({"charge_current_max", "charge_voltage_max"} if charge else set())
            | ({"discharge_power_max"} if discharge else set())
        )
        await told.link.async_release()
        assert (settings[CURRENT], settings[VOLTAGE], settings[POWER]) == (0xFFFF, 0, 0xFFFF)
        assert told.link.memory == {}


async def test_an_older_gx_is_told_in_its_own_register(socket_enabled):
    front = VirtualGx(inverter(wants=-4500.0), older=True)
    front.settings[2704] = 400
    async with gx(front=front) as told:
        await told.cycle(3, dcl=20.0)
        assert front.settings[2704] == 100
        reading = await told.link.async_read()
        assert reading.accepted.dcl == pytest.approx(1000 / reading.voltage)
        assert reading.own.dcl == pytest.approx(4000 / reading.voltage)
        await told.link.async_read()
        await told.link.async_release()
    assert front.settings[2704] == 400


async def test_a_reading_tells_what_flows_what_was_found_and_what_stands(socket_enabled):
    front = VirtualGx(inverter(wants=2650.0))
    front.settings |= {CURRENT: 80}
    async with gx(front=front) as told:
        told.inverter.advance(1)
        before = await told.link.async_read()
        assert before.own == before.accepted == Limits(ccl=80)
        await told.cycle(2, ccl=30.0, dcl=50.0)
        reading = await told.link.async_read()
        assert isinstance(reading, InverterReading)
        assert reading.time == told.pack.time
        assert reading.current == pytest.approx(told.pack.current, abs=0.06)
        assert reading.power == pytest.approx(told.inverter.power, abs=1)
        assert reading.voltage == pytest.approx(told.pack.voltage, abs=0.06)
        assert reading.soc == round(told.pack.soc)
        assert reading.own == Limits(ccl=80)
        assert (reading.accepted.cvl, reading.accepted.ccl) == (57.6, 30)
        assert reading.accepted.dcl == pytest.approx(50, abs=2)
        assert reading.alarms is None


async def test_a_gx_without_a_battery_tells_no_current(socket_enabled):
    front = VirtualGx(inverter())
    full = front.memory
    front.memory = lambda: {**full(), 840: 0, 841: 0, 842: 0}
    async with gx(front=front) as told:
        reading = await told.link.async_read()
        assert (reading.voltage, reading.current, reading.power) == (None, None, None)
        with pytest.raises(DriverError, match="no grid"):
            await told.cycle(wanted=500.0)


# Set-points


@pytest.mark.parametrize("wanted", [1500.0, 0.0, -1500.0])
async def test_a_set_point_of_the_battery_becomes_one_at_the_grid(socket_enabled, wanted):
    # The house takes 600 W more than the sun gives.
    async with gx(rest=600.0) as told:
        await told.cycle(4, wanted=wanted)
        assert told.inverter.power == pytest.approx(wanted, abs=12)
        assert told.front.memory()[820] == pytest.approx((600 + wanted) % 65536, abs=12)
        reading = await told.link.async_read()
        assert reading.accepted.setpoint == wanted


async def test_a_set_point_never_asks_for_more_than_the_battery_permits(socket_enabled):
    async with gx() as told:
        await told.cycle(3, wanted=4000.0, ccl=10.0)
        assert 0 < told.inverter.power < 10 * told.pack.voltage + 12
        await told.cycle(3, wanted=-4000.0, discharge_permitted=False)
        assert told.inverter.power == pytest.approx(0, abs=12)


async def test_a_set_point_is_renewed_before_it_lapses_and_ends_with_the_lasting_one(socket_enabled):
    async with gx() as told:
        told.inverter.wants = lambda time: 0.0
        await told.cycle(3, wanted=0.0)
        before = len(of(told.server.writes, 2716))
        await told.cycle(2 * int(RENEW_WITHIN), wanted=0.0)
        assert len(of(told.server.writes, 2716)) - before == 2
        assert told.link.memory["steering"] is True
        await told.cycle(3)
        assert of(told.server.writes, 2716)[-1] == (0, 50)
        assert "steering" not in told.link.memory
        assert (await told.link.async_read()).accepted.setpoint is None


async def test_a_set_point_that_somebody_else_has_changed_is_not_called_ours(socket_enabled):
    async with gx() as told:
        await told.cycle(2, wanted=500.0)
        told.front.settings |= {2716: 0, 2717: 7}
        assert (await told.link.async_read()).accepted.setpoint is None


async def test_limits_are_told_although_the_set_point_is_refused(socket_enabled):
    async with gx() as told:
        told.front.settings[2902] = 3
        with pytest.raises(SetpointError, match="mode 3") as refused:
            await told.cycle(ccl=25.0, wanted=500.0)
        assert refused.value.key == "not_effective"
        assert told.front.settings[CURRENT] == 25


# How it is handed back


async def test_release_puts_everything_back(socket_enabled):
    async with gx() as told:
        before = dict(told.front.settings)
        await told.cycle(3, wanted=300.0, ccl=25.0, dcl=30.0)
        assert told.front.settings != before
        await told.link.async_release()
        assert told.front.settings == {**before, 2717: 50}
        assert told.link.memory == {}


async def test_a_run_that_was_killed_is_put_back_by_the_next(socket_enabled):
    kept = Kept()
    front = VirtualGx(inverter())
    before = dict(front.settings)
    async with story(ROW.create, front, unit_id=100, keep=kept) as told:
        await told.cycle(3, wanted=300.0, ccl=25.0)
        await told.cycle(2, wanted=300.0, ccl=24.0)
    memory = json.loads(json.dumps(kept.memory))
    async with story(ROW.create, front, unit_id=100, memory=memory, keep=kept) as told:
        assert (await told.link.async_read()).own == Limits()
        # A limit may be told again without taking what the killed run left for the user's own.
        await told.cycle(1, ccl=70.0)
        assert front.settings[CURRENT] == 70
        await told.link.async_release()
    assert front.settings == {**before, 2717: 50}
    assert kept.memory == {}


async def test_an_order_beyond_the_registers_is_told_and_the_others_are_given(socket_enabled):
    async with gx() as told:
        with pytest.raises(DriverError, match="takes") as refused:
            await told.cycle(ccl=40000.0, cvl=56.0)
        assert refused.value.key == "refused"
        assert told.front.settings[VOLTAGE] == 560


async def test_a_gx_that_refuses_what_every_gx_has_is_none(socket_enabled):
    front = VirtualGx(inverter())
    del front.settings[VOLTAGE]
    async with gx(front=front) as told:
        with pytest.raises(DriverError) as refused:
            await told.link.async_identify()
        assert refused.value.key == "refused"


async def test_what_is_to_be_kept_is_kept_before_it_is_written(socket_enabled):
    front = VirtualGx(inverter())
    seen = []

    async def keep(memory):
        seen.append((json.dumps(memory), dict(front.settings)))

    async with story(ROW.create, front, unit_id=100, keep=keep) as told:
        await told.link.async_tell(told.bank, None)
    found = [json.loads(memory)["leases"] for memory, _ in seen]
    assert found[0]["discharge_power_max"]["found"] == [0xFFFF, 0xFFFF]
    assert seen[0][1][2720] == 0xFFFF
    assert found[1]["charge_current_max"]["found"] == [0xFFFF]
    assert seen[1][1][CURRENT] == 0xFFFF


@pytest.mark.parametrize(
    "memory",
    [
        {"leases": 5},
        {"leases": {"a": 1, "b": {"found": [70000], "ours": []}}},
        {"leases": {"relay_9": {"found": [1], "ours": [[0]]}}},
        {},
    ],
)
async def test_a_memory_that_is_damaged_is_not_believed(socket_enabled, memory):
    async with story(ROW.create, VirtualGx(inverter()), unit_id=100, memory=memory) as told:
        assert told.link.memory == {}
        await told.cycle(1, ccl=20.0)


# What it makes of it


@pytest.mark.parametrize("dead_time", [0, 2, 4])
async def test_its_dead_time_is_measured(socket_enabled, dead_time):
    async with gx({"wants": 4500.0, "dead_time": float(dead_time)}) as told:
        for _ in range(3):
            await told.cycle(40, ccl=80.0)
            await told.cycle(10, ccl=20.0)
        side = told.obedience.charge
        assert side.response is Response.OBEYED
        assert side.dead_time == side.reaction == dead_time + 1
        assert told.obedience.step is Step.CCL_DCL


async def test_one_that_ignores_the_current_is_stopped_by_the_voltage(socket_enabled):
    async with gx({"wants": 4500.0, "manner": Manner.IGNORES_CURRENT_LIMITS}) as told:
        told.inverter.advance(5)
        told.levers -= {Step.SETPOINT}
        await told.cycle(12, escalate=True, ccl=0.0, charge_permitted=False)
        assert told.obedience.step is Step.CVL
        assert told.obedience.charge.escalation.reason.rule == "current_limit_ignored"
        assert told.pack.current == pytest.approx(0, abs=0.1)


async def test_one_that_ignores_all_is_left_to_the_switches(socket_enabled):
    async with gx({"wants": 4500.0, "manner": Manner.IGNORES_ALL}) as told:
        told.inverter.advance(5)
        await told.cycle(14, escalate=True, ccl=0.0, charge_permitted=False)
        assert told.obedience.step is Step.SWITCH
        assert told.obedience.charge.response is Response.IGNORED
        assert told.obedience.charge.share < 0.05


async def test_one_that_falls_silent_is_told_as_that(socket_enabled):
    async with gx() as told:
        await told.cycle(1, ccl=20.0)
        told.inverter.manner = Manner.SILENT
        with pytest.raises(DriverError) as silent:
            await told.link.async_read()
        assert silent.value.key == "no_answer"
