"""An inverter that speaks SunSpec is told limits and set-points as leases, over a real link."""

import json
from pathlib import Path

import pytest
import sunspec2
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.escalation import Step
from custom_components.home_bms.core.model import Flow
from custom_components.home_bms.core.obedience import Response
from custom_components.home_bms.hw.driver import DriverError
from custom_components.home_bms.hw.inverters.inverter import Ability, Limits
from custom_components.home_bms.hw.inverters.modbus import MODBUS_INVERTERS
from custom_components.home_bms.hw.inverters.sunspec_storage import (
    LEASE,
    NO_DISCHARGE_MAX,
    RENEW_EVERY,
    StorageControl,
)
from custom_components.home_bms.hw.sunspec.controls import CONTROLS
from custom_components.home_bms.hw.virtual.inverter import Manner
from custom_components.home_bms.hw.virtual.inverter_fronts import VirtualSunSpec

from .inverter_story import Kept, inverter, story

ROW = MODBUS_INVERTERS["sunspec"]
FULL = Ability.CCL | Ability.DCL | Ability.SETPOINT | Ability.MEASURES
STORAGE_AT, CONTROLS_AT = 40070, 40096


def device(wants=4000.0, without=(), soc=60.0, manner=Manner.OBEYS, dead_time=0.0, **points):
    return VirtualSunSpec(inverter(wants, soc=soc, manner=manner, dead_time=dead_time), without=without, **points)


def served(front=None, sign=-1, discharge_max=5000.0, **how):
    """Serve an inverter and give its story."""
    return story(ROW.create, front or device(), setpoint_sign=sign, discharge_max=discharge_max, **how)


def places(writes):
    """Return where was written, counted from the begin of the storage model."""
    return [address - STORAGE_AT for _, address, _ in writes]


def test_the_table_of_controls_is_the_one_that_sunspec_publishes():
    source = Path(sunspec2.__file__).parent / "models" / "json" / "model_704.json"
    points, at = {}, 0
    for point in json.loads(source.read_text())["group"]["points"]:
        points[point["name"]] = (at, point["size"], point.get("sf"))
        at += point["size"]
    fields = {
        {"model_id": "ID", "model_length": "L"}.get(name, name): row for name, row in CONTROLS.declared_fields.items()
    }
    assert fields.keys() == points.keys()
    for name, (place, size, scale) in points.items():
        assert (fields[name].address, fields[name].count) == (place, size)
        assert fields[name].scale_register == (points[scale][0] if scale else None)
    assert CONTROLS.size == at


async def test_it_is_found_and_says_what_it_can_do(socket_enabled):
    async with served() as told:
        with pytest.raises(DriverError):
            _ = told.link.info
        info = await told.link.async_identify()
        assert (info.manufacturer, info.model, info.fingerprint, info.firmware) == (
            "Voltline",
            "Hybrid 5",
            "VI-5",
            "2.1",
        )
        assert told.link.info == info
        assert told.link.abilities == FULL
        assert told.link.problems == frozenset()
        assert told.link.lease == LEASE
        assert told.server.writes == []


# Limits


async def test_limits_are_told_in_percent_rounded_down_with_a_lease(socket_enabled):
    async with served(device(wants=4500.0)) as told:
        told.inverter.advance(3)
        await told.cycle(3, ccl=20.0, dcl=33.3)
        storage, volts = told.front.storage, told.pack.voltage
        assert storage["StorCtl_Mod"] == 3
        assert storage["InOutWRte_RvrtTms"] == LEASE
        assert storage["InWRte"] == pytest.approx(100 * 20 * volts / 5000, abs=0.05)
        assert storage["OutWRte"] == pytest.approx(100 * 33.3 * volts / 5000, abs=0.05)
        assert 19 < told.pack.current <= 20
        await told.cycle(2, ccl=20.0, charge_permitted=False)
        assert told.pack.current == 0
        # The mode that makes the rates count comes last.
        assert places(told.server.writes)[:4] == [12, 13, 15, 5]


async def test_what_can_be_told_never_is_more_than_is_permitted(socket_enabled):
    async with served(device(wants=4500.0, InOutWRte_SF=0)) as told:
        for ccl in (1.0, 13.7, 27.3, 55.5, 80.0):
            await told.link.async_tell(told.bank, None)
            await told.cycle(1, ccl=ccl)
            assert told.front.storage["InWRte"] * 50 <= ccl * told.bank.voltage
        await told.cycle(2, ccl=500.0)
        assert told.front.storage["InWRte"] == 100


async def test_what_stands_is_written_only_to_renew_it(socket_enabled):
    async with served(device(wants=0.0)) as told:
        await told.cycle(1, voltage=53.0)
        told.server.writes.clear()
        await told.cycle(int(RENEW_EVERY) - 1, voltage=53.0)
        assert told.server.writes == []
        await told.cycle(1, voltage=53.0)
        assert places(told.server.writes) == [12, 13, 15, 5]
        await told.cycle(1, voltage=53.0, ccl=5.0)
        assert places(told.server.writes)[4:] == [13]


async def test_a_lease_that_is_not_renewed_runs_out_and_can_be_taken_again(socket_enabled):
    async with served(device(wants=4500.0)) as told:
        await told.cycle(3, ccl=10.0)
        told.inverter.advance(LEASE - 10)
        assert told.pack.current < 10
        told.front.catch_up()
        told.inverter.advance(15)
        told.front.catch_up()
        told.inverter.advance(2)
        assert told.front.storage["StorCtl_Mod"] == 0
        assert told.pack.current > 80
        await told.cycle(2, ccl=10.0)
        assert told.pack.current < 10


async def test_without_a_known_voltage_nothing_may_flow(socket_enabled):
    async with served(device(wants=4500.0)) as told:
        await told.cycle(2, voltage=None)
        assert told.pack.current == 0


async def test_a_discharge_rating_of_its_own_counts(socket_enabled):
    async with served(device(wants=-4500.0), discharge_max=4000.0) as told:
        await told.cycle(2, dcl=20.0, voltage=50.0)
        assert told.front.storage["OutWRte"] == 25.0


async def test_without_a_known_discharge_power_nothing_may_be_discharged(socket_enabled):
    """The rate is a share of it: 2.5 kW as a share of 5 kW would be 5 kW of an inverter that can discharge with 10."""
    async with served(device(wants=-4500.0), discharge_max=None) as told:
        await told.link.async_identify()
        assert told.link.problems == {NO_DISCHARGE_MAX}
        assert Ability.DCL in told.link.abilities
        assert (await told.link.async_read()).own.dcl is None
        told.front.storage |= {"StorCtl_Mod": 2, "OutWRte": 50.0}
        assert (await told.link.async_read()).accepted.dcl is None, "half of what nobody knows"
        await told.cycle(3, ccl=20.0, dcl=50.0)
        assert told.front.storage["OutWRte"] == 0.0
        assert told.pack.current == 0
        assert told.front.storage["InWRte"] == pytest.approx(100 * 20 * told.pack.voltage / 5000, abs=0.1)
        assert (await told.link.async_read()).accepted.dcl == 0.0


@pytest.mark.parametrize(
    ("held", "mode", "rates"),
    [
        (Flow.CHARGE, 1, (0.0, 100.0)),
        (Flow.DISCHARGE, 2, (100.0, 0.0)),
        (Flow.BOTH, 3, (0.0, 0.0)),
    ],
)
async def test_what_a_protection_holds_is_left_at_zero_for_good(socket_enabled, held, mode, rates):
    kept = Kept()
    async with served(device(wants=4500.0), keep=kept) as told:
        await told.cycle(3, ccl=10.0, dcl=10.0)
        limits = {"ccl": 0.0} if held & Flow.CHARGE else {"ccl": 10.0}
        await told.cycle(1, **limits, dcl=0.0 if held & Flow.DISCHARGE else 10.0)
        await told.link.async_release(held)
        told.inverter.advance(2 * LEASE)
        told.front.catch_up()
        storage = told.front.storage
        assert storage["StorCtl_Mod"] == mode
        assert (storage["InWRte"], storage["OutWRte"]) == rates
        told.inverter.advance(2)
        assert (told.pack.current == 0) is bool(held & Flow.CHARGE)
        # What was found is still known, and put back once nothing is held any more.
        assert kept.memory["leases"].keys() == told.link.memory["leases"].keys() != set()
        await told.link.async_release()
        assert (storage["StorCtl_Mod"], storage["InWRte"], storage["OutWRte"]) == (0, 100.0, 100.0)
        assert told.link.memory == {}


async def test_a_limit_that_others_have_set_to_stay_is_not_widened(socket_enabled):
    async with served(device(wants=4500.0, StorCtl_Mod=1, InWRte=10.0)) as told:
        await told.cycle(2, ccl=50.0)
        assert told.front.storage["InWRte"] == 10.0
        await told.cycle(2, ccl=1.0)
        assert told.front.storage["InWRte"] < 2
        await told.link.async_release()
        assert (told.front.storage["StorCtl_Mod"], told.front.storage["InWRte"]) == (1, 10.0)


async def test_a_limit_that_others_have_lent_is_not_prolonged(socket_enabled):
    async with served(device(wants=4500.0, StorCtl_Mod=1, InWRte=10.0, InOutWRte_RvrtTms=20)) as told:
        await told.cycle(19, ccl=50.0)
        assert told.front.storage["InWRte"] == 10.0
        await told.cycle(3, ccl=50.0)
        assert told.front.storage["InWRte"] > 50


async def test_somebody_who_changes_a_limit_meanwhile_is_heeded(socket_enabled):
    async with served(device(wants=4500.0)) as told:
        await told.cycle(2, ccl=80.0)
        told.front.storage["InWRte"] = 7.0
        told.front.storage["StorCtl_Mod"] = 1
        told.front.storage["InOutWRte_RvrtTms"] = 0
        await told.cycle(2, ccl=80.0)
        assert told.front.storage["InWRte"] == 7.0


async def test_a_charge_that_was_forced_by_others_with_a_negative_rate_is_not_taken_over(socket_enabled):
    async with served(device(wants=-4500.0, StorCtl_Mod=2, OutWRte=-30.0)) as told:
        await told.cycle(2, dcl=10.0)
        assert told.front.storage["OutWRte"] > 0


# What it has not


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ({"WChaMax": 0}, "no_charge_power_max"),
        ({"WChaMax": None}, "no_charge_power_max"),
        ({"InWRte": None}, "no_rates"),
        ({"OutWRte": None}, "no_rates"),
        ({"InOutWRte_SF": None}, "no_scale"),
        ({"InOutWRte_SF": 11}, "no_scale"),
        ({"InOutWRte_SF": -11}, "no_scale"),
        ({"InOutWRte_RvrtTms": None}, "no_reversion_timer"),
    ],
)
async def test_a_storage_without_what_a_lease_needs_is_only_read(socket_enabled, points, problem):
    async with served(device(**points)) as told:
        await told.link.async_identify()
        assert told.link.abilities == FULL & ~(Ability.CCL | Ability.DCL)
        assert told.link.problems == {problem}
        await told.cycle(2)
        assert told.server.writes == []


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ({"WSetEna": None}, "no_setpoint"),
        ({"WSetMod": None}, "no_setpoint"),
        ({"WSet_SF": None}, "no_scale"),
        ({"WSet_SF": 11}, "no_scale"),
        ({"WSetRvrtTms": None}, "no_reversion_timer"),
        ({"WSetEnaRvrt": None}, "no_reversion_timer"),
    ],
)
async def test_controls_without_what_a_lease_needs_are_not_used(socket_enabled, points, problem):
    async with served(device(**points)) as told:
        await told.cycle(2, wanted=500.0)
        assert told.link.abilities == FULL & ~Ability.SETPOINT
        assert told.link.problems == {problem}
        assert all(address < CONTROLS_AT for _, address, _ in told.server.writes)


async def test_an_inverter_without_a_measured_current_says_so(socket_enabled):
    async with served(device(without=(714,))) as told:
        await told.link.async_identify()
        assert told.link.abilities == FULL & ~Ability.MEASURES
        told.inverter.advance(1)
        reading = await told.link.async_read()
        assert (reading.current, reading.power) == (None, None)
        assert reading.voltage == pytest.approx(told.pack.voltage, abs=0.06)


async def test_a_set_point_whose_sign_nobody_named_is_not_used(socket_enabled):
    async with served(sign=None) as told:
        await told.cycle(2, wanted=500.0)
        assert told.link.problems == {"setpoint_sign_unknown"}
        assert Ability.SETPOINT not in told.link.abilities
        assert told.front.controls["WSetEna"] == 0


async def test_an_inverter_without_storage_takes_a_set_point_only(socket_enabled):
    async with served(device(without=(124, 713, 714))) as told:
        await told.cycle(2, wanted=500.0)
        assert told.link.abilities == Ability.SETPOINT
        assert told.link.problems == {"no_storage_model"}
        reading = await told.link.async_read()
        assert (reading.voltage, reading.current, reading.soc, reading.alarms) == (None,) * 4
        assert reading.accepted == Limits(setpoint=500.0)
        assert reading.own == Limits()
        await told.link.async_release()
        assert told.front.controls["WSetEna"] == 0


async def test_an_inverter_that_has_nothing_is_read_and_not_told(socket_enabled):
    async with served(device(without=(124, 704, 713, 714))) as told:
        await told.cycle(2, wanted=500.0)
        assert told.link.abilities == Ability.NONE
        assert (await told.link.async_read()).accepted == Limits()
        await told.link.async_release()
        assert told.server.writes == []


async def test_a_chain_without_a_common_model_is_no_device(socket_enabled):
    async with served(device(without=(1,))) as told:
        with pytest.raises(DriverError, match="common") as caught:
            await told.link.async_identify()
        assert caught.value.key == "nonsense"


# What it tells


@pytest.mark.parametrize("wants", [2650.0, -2650.0, 0.0])
async def test_a_reading_tells_what_flows_and_which_way(socket_enabled, wants):
    async with served(device(wants=wants)) as told:
        await told.cycle(3, ccl=80.0, dcl=60.0)
        reading = await told.link.async_read()
        assert reading.time == told.pack.time
        assert reading.voltage == pytest.approx(told.pack.voltage, abs=0.06)
        assert reading.current == pytest.approx(told.pack.current, abs=0.06)
        assert reading.power == pytest.approx(told.inverter.power, abs=1)
        assert reading.soc == pytest.approx(told.pack.soc, abs=0.06)
        assert reading.accepted.ccl == pytest.approx(80, abs=0.4)
        assert reading.accepted.dcl == pytest.approx(60, abs=0.4)
        assert reading.accepted.cvl is None
        assert reading.own.ccl == pytest.approx(5000 / told.pack.voltage, abs=0.2)
        assert reading.alarms == frozenset()


async def test_a_current_whose_way_is_not_told_is_not_known(socket_enabled):
    front = device(wants=2650.0)
    chain = front._chain
    front._chain = lambda: [(kind, {**points, **changes.get(kind.number, {})}) for kind, points in chain()]
    changes = {124: {"ChaSt": 7}}
    async with served(front) as told:
        told.inverter.advance(2)
        reading = await told.link.async_read()
        assert (reading.current, reading.power) == (None, None)
        assert reading.voltage is not None
        # Another charge state than none was told when it was found.
        assert Ability.MEASURES in told.link.abilities


async def test_alarms_are_told_by_their_names_and_unknown_ones_by_their_bits(socket_enabled):
    front = device()
    chain = front._chain
    port = {"PrtTyp": 1, "DCA": 0, "DCV": 0, "DCW": 0, "DCAlrm": 1 << 7 | 1 << 19}
    others = {"PrtTyp": 0, "DCA": 9, "DCV": 400, "DCW": 3600, "DCAlrm": 1}
    changes = {713: {"Sta": 2}, 714: {"NPrt": 2, "Prt": [others, port]}}
    front._chain = lambda: [(kind, {**points, **changes.get(kind.number, {})}) for kind, points in chain()]
    async with served(front) as told:
        told.inverter.advance(1)
        reading = await told.link.async_read()
        assert reading.alarms == {"storage_fault", "inverter_overtemperature", "alarm_19"}
        # The port of the panels is none of the battery's; a voltage of 0 is none.
        assert reading.current == 0
        assert reading.voltage == pytest.approx(told.pack.voltage, abs=0.06)
        changes[713] = {"Sta": None}
        changes[714] = {"NPrt": 1, "Prt": [{"PrtTyp": 1}, {}]}
        reading = await told.link.async_read()
        assert (reading.alarms, reading.current) == (None, None)


# Set-points


@pytest.mark.parametrize("wanted", [1500.0, 0.0, -1500.0])
async def test_a_set_point_is_asked_for_as_one_group_with_a_lease(socket_enabled, wanted):
    async with served(device(wants=900.0)) as told:
        await told.cycle(2, wanted=wanted)
        assert told.inverter.power == pytest.approx(wanted, abs=1)
        controls = told.front.controls
        assert (controls["WSetEna"], controls["WSetMod"], controls["WSet"]) == (1, 1, -wanted)
        assert (controls["WSetEnaRvrt"], controls["WSetRvrtTms"]) == (0, LEASE)
        (first, *_) = [write for write in told.server.writes if write[1] >= CONTROLS_AT]
        assert (first[1] - CONTROLS_AT, len(first[2])) == (22, 11)
        assert (await told.link.async_read()).accepted.setpoint == wanted
        await told.cycle(2)
        assert controls["WSetEna"] == 0
        assert told.inverter.power == pytest.approx(900, abs=1)
        assert (await told.link.async_read()).accepted.setpoint is None


async def test_a_set_point_is_rounded_towards_nothing_and_kept_within_the_limits(socket_enabled):
    async with served() as told:
        await told.cycle(2, wanted=1239.0)
        assert told.front.controls["WSet"] == -1230
        await told.cycle(2, wanted=-1239.0)
        assert told.front.controls["WSet"] == 1230
        await told.cycle(2, wanted=4000.0, ccl=10.0)
        assert -10 * told.pack.voltage <= told.front.controls["WSet"] < -500


async def test_a_set_point_is_renewed_and_runs_out_without(socket_enabled):
    async with served(device(wants=900.0)) as told:
        await told.cycle(3 * LEASE, wanted=-400.0)
        assert told.inverter.power == pytest.approx(-400, abs=1)
        told.inverter.advance(LEASE)
        told.front.catch_up()
        told.inverter.advance(1)
        assert told.inverter.power == pytest.approx(900, abs=3)


# How it is handed back


async def test_release_puts_everything_back(socket_enabled):
    async with served(device(StorCtl_Mod=1, InWRte=50.0, InOutWRte_RvrtTms=30, WSet=700)) as told:
        before = dict(told.front.storage), dict(told.front.controls)
        await told.cycle(3, wanted=300.0, ccl=10.0)
        assert (told.front.storage, told.front.controls) != before
        await told.link.async_release()
        assert (told.front.storage, told.front.controls) == before
        assert told.link.memory == {}
        told.server.writes.clear()
        await told.link.async_release()
        assert told.server.writes == []


async def test_release_leaves_what_somebody_else_has_changed_since(socket_enabled):
    async with served() as told:
        await told.cycle(2, ccl=10.0)
        told.front.storage["InWRte"] = 33.0
        await told.link.async_release()
        assert told.front.storage["InWRte"] == 33.0
        assert told.front.storage["StorCtl_Mod"] == 0


async def test_a_run_that_was_killed_is_put_back_by_the_next(socket_enabled):
    kept, front = Kept(), device(wants=4500.0)
    before = dict(front.storage)
    async with served(front, keep=kept) as told:
        await told.cycle(3, ccl=10.0)
    memory = json.loads(json.dumps(kept.memory))
    async with served(front, keep=kept, memory=memory) as told:
        await told.cycle(2, ccl=70.0)
        assert told.pack.current > 60
        await told.link.async_release()
    assert front.storage == before
    assert kept.memory == {}


async def test_what_is_to_be_kept_is_kept_before_it_is_written(socket_enabled):
    front, seen = device(), []

    async def keep(memory):
        seen.append((memory, front.storage["StorCtl_Mod"]))

    async with served(front, keep=keep) as told:
        await told.link.async_tell(told.bank, None)
    assert seen[0][0]["leases"]["124.StorCtl_Mod"]["found"] == [0]
    assert seen[0][1] == 0


# What does not take effect


async def test_a_write_that_changes_nothing_is_told_and_the_set_point_still_is(socket_enabled):
    front = device()
    take = front._take
    front._take = lambda kind, held, offset, words: None if offset == 13 else take(kind, held, offset, words)
    async with served(front) as told:
        with pytest.raises(DriverError, match="InWRte") as caught:
            await told.cycle(ccl=10.0, wanted=200.0)
        assert caught.value.key == "not_effective"
        assert front.controls["WSet"] == -200
        front._take = take
        await told.cycle(2, ccl=10.0, wanted=200.0)
        assert told.front.storage["InWRte"] < 11


async def test_a_refused_write_is_told_and_release_tries_the_rest(socket_enabled):
    front = device()
    async with served(front) as told:
        await told.cycle(2, wanted=200.0)
        write = front.write
        front.write = lambda address, words: 2 if address >= CONTROLS_AT else write(address, words)
        with pytest.raises(DriverError) as caught:
            await told.link.async_release()
        assert caught.value.key == "refused"
        assert front.storage["StorCtl_Mod"] == 0
        assert front.controls["WSetEna"] == 1
        front.write = write
        await told.link.async_release()
        assert front.controls["WSetEna"] == 0
        front.write = lambda address, words: 2
        with pytest.raises(DriverError) as caught:
            await told.cycle()
        assert caught.value.key == "refused"


async def test_a_chain_that_has_changed_is_walked_anew(socket_enabled):
    front = device(without=(704,))
    async with served(front) as told:
        await told.cycle(2)
        front.without = (713,)
        with pytest.raises(DriverError, match="no longer") as caught:
            await told.link.async_read()
        assert caught.value.key == "nonsense"
        await told.link.async_read()
        await told.cycle(2, ccl=10.0, wanted=100.0)
        assert told.link.abilities == FULL


async def test_another_inverter_at_its_place_is_not_taken_for_it(socket_enabled):
    front = device()
    async with served(front) as told:
        await told.cycle(2)
        told.inverter.manner = Manner.SILENT
        with pytest.raises(DriverError) as caught:
            await told.cycle()
        assert caught.value.key == "no_answer"
        told.inverter.manner = Manner.OBEYS
        front.common["SN"] = "VI-6"
        told.server.writes.clear()
        for _ in range(2):
            with pytest.raises(DriverError) as caught:
                await told.cycle()
            assert caught.value.key == "identity_changed"
        assert told.server.writes == []
        front.common["SN"] = "VI-5"
        await told.cycle()
        # Whoever says so may be told the other one.
        front.common["SN"] = "VI-6"
        assert (await told.link.async_identify()).serial_number == "VI-6"
        await told.cycle()


async def test_points_that_go_while_it_runs_are_not_written(socket_enabled):
    front = device()
    async with served(front) as told:
        await told.cycle(2, wanted=100.0)
        front.storage["InOutWRte_RvrtTms"] = None
        front.controls["WSetRvrtTms"] = None
        told.server.writes.clear()
        with pytest.raises(DriverError, match="no_reversion_timer"):
            await told.cycle(wanted=100.0)
        await told.cycle(wanted=100.0)
        assert told.link.abilities == Ability.MEASURES
        assert told.server.writes == []


# What it makes of it


@pytest.mark.parametrize("dead_time", [0, 3])
async def test_its_dead_time_is_measured(socket_enabled, dead_time):
    async with served(device(wants=4500.0, dead_time=float(dead_time))) as told:
        for _ in range(3):
            await told.cycle(10, ccl=80.0)
            await told.cycle(10, ccl=20.0)
        side = told.obedience.charge
        assert side.response is Response.OBEYED
        assert side.dead_time == side.reaction == dead_time + 1


async def test_one_that_ignores_its_limits_is_stopped_by_the_set_point(socket_enabled):
    async with served(device(wants=4500.0, manner=Manner.IGNORES_CURRENT_LIMITS)) as told:
        told.inverter.advance(5)
        await told.cycle(14, escalate=True, ccl=0.0, charge_permitted=False)
        assert told.obedience.step is Step.SETPOINT
        assert told.pack.current == 0


# Laws


@given(watts=st.floats(0, 1e5), most=st.floats(100, 60000), exponent=st.integers(-3, 1))
def test_a_share_is_never_rounded_up(watts, most, exponent):
    control = StorageControl(None, discharge_max=None, clock=lambda: 0.0)
    control._exponent = lambda: exponent
    share = control._rate(watts, most) * 10.0**exponent
    assert 0 <= share <= 100
    assert share * most / 100 <= watts + 1e-6 * most
