"""Rows 34 to 44: dangers of the pack itself, and of what it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .bench import Bench
from .checks import (
    ANY_TRIP,
    CHARGE_CLOSED,
    CHARGE_OPEN,
    CHARGE_PERMITTED,
    CHARGE_RAMPED,
    DISCHARGE_CLOSED,
    DISCHARGE_OPEN,
    NO_CHARGE,
    NO_CURRENT,
    NO_DISCHARGE,
    WANTS_CHARGE_OPEN,
    error,
    gone,
    issue,
    no_issue,
    stops,
    told,
    tripped,
    warns,
    within,
)
from .rows_data import CHARGING, RESTING, clear, fault
from .table import Act, Check, Row, Scene

WEAK = (("charge_current", 100.0), ("discharge_current", 100.0))
"""A pack whose settings are tighter than its own ring, so that home_bms acts first."""


async def heat_until(bench: Bench, level: float) -> None:
    """Heat one cell as a strong heater would until its sensor shows this much."""
    bench.inject("hot_cell", 6, 90.0)
    await bench.until(lambda: (bench.now.believed.temperature_max or 0.0) >= level, 900)


def leave(bench: Bench) -> None:
    """Let the fault begin by itself."""


def disobeyed(current: float) -> Act:
    """Let the inverter carry this much, whatever it is told."""
    return lambda bench: bench.disobey(current)


def obey_again(bench: Bench) -> None:
    bench.wanted, bench.obeys = 0.0, True
    bench.drive()
    bench.clear()


class DeafInverter:
    """Is told the limits, as the simulated inverter of a virtual pack is, and heeds none."""

    def obey(self, *_: float | None) -> None:
        """Hear them."""


async def forbid(bench: Bench) -> None:
    """Forbid charging while the inverter, which is told the limits, goes on with 50 A."""
    coordinator: Any = bench.coordinator
    coordinator.host = DeafInverter()
    await bench.poll(2)
    await bench.coordinator.async_wish(charge_current_cap=20.0)
    bench.disobey(50.0)


async def permit(bench: Bench) -> None:
    obey_again(bench)
    coordinator: Any = bench.coordinator
    coordinator.host = None
    await coordinator.async_wish(charge_current_cap=None)


async def heat_and_disobey(bench: Bench) -> None:
    bench.disobey(50.0)
    bench.inject("hot_cell_now", 6, 52.0)


async def ignore_and_trip(bench: Bench) -> None:
    """Let the device acknowledge writes and do nothing, then give it reason to open."""
    bench.inject("write_ignored")
    bench.inject("hot_cell_now", 6, 57.0)


async def stick_and_trip(bench: Bench) -> None:
    bench.inject("charge_switch_stuck")
    bench.disobey(50.0)
    bench.inject("hot_cell_now", 6, 57.0)
    await bench.until(lambda: bench.pack.commanded.charge is False, 4)


async def open_and_stick(bench: Bench) -> None:
    """Open the charge switch, break it, and ask it to close."""
    await bench.coordinator.async_wish(charge=False)
    await bench.until(lambda: bench.pack.switches.charge is False, 5)
    await bench.poll(12)
    bench.inject("charge_switch_stuck")
    await bench.coordinator.async_wish(charge=True)


def short(bench: Bench) -> None:
    bench.device.change = lambda read: replace(read, alarms=frozenset({"discharge_short_circuit"}))


def no_short(bench: Bench) -> None:
    bench.device.change = None


NOT_EFFECTIVE = Check(text="the write counts as failed", holds=lambda b: b.coordinator.statistics.failed_writes > 0)
CLOSED_ANYWAY = Check(text="the charge switch is told to close", holds=lambda b: b.now.decision.switches.charge is True)
CURRENT_STOPS = Check(text="the current stops", holds=lambda b: abs(b.pack.current) < 1.0)

ROWS = (
    Row(
        number=34, area="protect", fault="A cell warms towards the charging limit",
        injected="pack: `hot_cell`, all that warms alone is row 36; here counted from 49 °C",
        scene=Scene(wanted=60.0, control=True), inject=lambda b: heat_until(b, 49.0),
        react=(within(30, NO_CHARGE),), mend=clear, recover=(),
        why="A cell that warms alone is stopped by `temperature_rise` long before.",
    ),
    Row(
        number=34, part="b", area="protect", fault="A cell at 52 °C while charging",
        injected="pack: `hot_cell_now` 52 °C", scene=CHARGING, inject=fault("hot_cell_now", 6, 52.0),
        react=(within(3, NO_CHARGE), within(3, stops("charge_overtemperature"))), never=(ANY_TRIP,), watch=5,
        mend=clear,
        recover=(within(4, gone("charge_overtemperature")), within(5, CHARGE_PERMITTED), within(110, CHARGE_RAMPED)),
        why="The leap of 30 K is believed the second time.",
    ),
    Row(
        number=34, part="c", area="protect", fault="A cell at 57 °C while charging",
        injected="pack: `hot_cell_now` 57 °C", scene=CHARGING, inject=fault("hot_cell_now", 6, 57.0),
        react=(within(3, NO_CHARGE), within(3, tripped("charge_overtemperature")), within(5, CHARGE_OPEN)),
        latches=("charge_overtemperature",), mend=clear, recover=(within(110, CHARGE_CLOSED), within(110,
        CHARGE_RAMPED)),
    ),
    Row(
        number=35, area="protect", fault="Charging at -5 °C", injected="pack: `cold_pack` -5 °C", scene=CHARGING,
        inject=fault("cold_pack", None, -5.0),
        react=(within(3, NO_CHARGE), within(3, stops("charge_undertemperature"))),
        never=(ANY_TRIP, NO_DISCHARGE), watch=5, mend=clear,
        recover=(within(4, gone("charge_undertemperature")), within(110, CHARGE_RAMPED)),
        why="The leap of 27 K is believed the second time.",
    ),
    Row(
        number=36, area="protect", fault="One cell warms by 5 K a minute, the others do not",
        injected="pack: `hot_cell` 90 °C", scene=CHARGING, inject=fault("hot_cell", 6, 90.0),
        react=(within(60, warns("temperature_rise")), within(60, NO_CURRENT), within(110, tripped("temperature_rise"))),
        latches=("temperature_rise",), settle=260, mend=clear, recover=(within(1, gone("temperature_rise")),),
    ),
    Row(
        number=37, area="protect", fault="Charging with 1.25 times the limit", injected="world: 125 A, limit 100 A",
        scene=Scene(wanted=60.0, changes=WEAK, control=True), inject=disobeyed(125.0),
        react=(within(12, tripped("charge_overcurrent")), within(13, CHARGE_OPEN), within(14, CURRENT_STOPS)),
        latches=(), mend=obey_again, recover=(),
        why="A short circuit is the pack's own matter: 200 µs, not a second.",
    ),
    Row(
        number=37, part="b", area="protect", fault="Discharging with 1.25 times the limit",
        injected="world: -125 A, limit 100 A", scene=Scene(wanted=-60.0, changes=WEAK, control=True),
        inject=disobeyed(-125.0),
        react=(within(12, tripped("discharge_overcurrent")), within(13, DISCHARGE_OPEN), within(14, CURRENT_STOPS)),
        mend=obey_again, recover=(),
    ),
    Row(
        number=38, area="actuator", fault="The inverter goes on with 50 A at a limit of 20 A",
        injected="inverter: disobeys; it is told the limits", scene=CHARGING, inject=forbid,
        react=(
            within(14, warns("command_ignored")), within(34, stops("command_ignored")), within(34, NO_CURRENT),
            within(45, CHARGE_OPEN), within(46, CURRENT_STOPS),
        ),
        mend=permit, recover=(within(120, CHARGE_CLOSED),),
        why="30 s from the poll that finds it: one poll gives the limit, one sees the current, one counts. Warned of"
        " after"
        " 10 s, limits zero after 30 s, the switch opens 10 s later and what has let go may close (ADR 3).",
    ),
    Row(
        number=38, part="b", area="actuator", fault="The inverter goes on with 50 A at a limit of zero",
        injected="inverter: disobeys; pack: `hot_cell_now` 52 °C", scene=CHARGING, inject=heat_and_disobey,
        react=(within(3, NO_CHARGE), within(15, CHARGE_OPEN), within(16, CURRENT_STOPS)), never=(ANY_TRIP,),
        mend=obey_again, recover=(within(20, gone("charge_overtemperature")), within(110, CHARGE_CLOSED)),
        why="The switch opens after 10 s against a limit of zero (ADR 3), sooner than the 30 s of the sheet.",
    ),
    Row(
        number=39, area="actuator", fault="A write is acknowledged and changes nothing",
        injected="pack: `write_ignored`, then `hot_cell_now` 57 °C", scene=CHARGING, inject=ignore_and_trip,
        react=(
            within(4, WANTS_CHARGE_OPEN), within(4, NOT_EFFECTIVE), within(4, error("not_effective")),
            within(6, issue("write_failed")),
        ),
        never=(CHARGE_OPEN,), mend=clear, recover=(within(3, no_issue("write_failed")), within(5, CHARGE_OPEN)),
        latches=(),
        why="Three writes in a row, each read back in its poll; then a person is told, and it goes on trying.",
    ),
    Row(
        number=40, area="actuator", fault="The charge switch is welded: told to open, 50 A go on",
        injected="pack: `charge_switch_stuck`, `hot_cell_now` 57 °C; inverter disobeys", scene=CHARGING,
        inject=stick_and_trip,
        react=(within(7, NO_CURRENT), within(7, tripped("contactor_welded"))),
        never=(CLOSED_ANYWAY,), watch=10, latches=("contactor_welded",), mend=obey_again, recover=(),
        why="Counted from the command.",
    ),
    Row(
        number=41, area="actuator", fault="The charge switch does not close", scene=RESTING,
        injected="pack: opened by the user, then `charge_switch_stuck`, then asked to close", inject=open_and_stick,
        react=(within(60, told("contactor_not_closing")),), mend=clear, recover=(),
    ),
    Row(
        number=73, area="protect", fault="The device tells a short circuit", injected="reading: its alarm stands",
        scene=CHARGING, inject=short, react=(within(1, NO_CURRENT), within(1, tripped("short_circuit"))),
        latches=("short_circuit",), mend=no_short, recover=(within(110, CHARGE_CLOSED), within(110, DISCHARGE_CLOSED)),
        why="Not in the sheet: the device's own short-circuit flag.",
    ),
)  # fmt: skip
