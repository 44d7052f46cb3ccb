"""Rows 40b to 43: a contactor with precharge, whose coils and contacts are a plant, for no driver has outputs yet."""

from __future__ import annotations

from typing import Any

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.model import ContactorState, Level

from ..core.plant import Plant, RelayStory
from .checks import told, tripped, within
from .table import Check, Row, Where

TRIP: dict[str, Any] = {"alarms": frozenset({"discharge_short_circuit"})}


class PlantBench:
    """What a row works with where there is no link: core, a poll a second, and the plant."""

    def __init__(self, *, closed: bool = False, **plant: Any) -> None:
        rules = {
            name: plant.pop(name) for name in ("precharge_soonest", "tries", "poll", "fast_allowed") if name in plant
        }
        self.story = RelayStory(plant=Plant(**plant), wish=False, **rules)
        self.tells: dict[str, Any] = {}
        """What the sensors tell instead."""
        self.polls = 0
        self.story.live(3)
        if closed:
            self.story.wish(charge=True)
            self.story.until(ContactorState.CLOSED)
            self.story.live(60)

    async def poll(self, count: int = 1) -> None:
        """Let a second pass, and judge."""
        for _ in range(count):
            self.polls += 1
            self.story.live(self.story.poll, **self.tells)

    def level(self, key: str) -> Level:
        return Level[self.story.level(key)]

    async def reset(self) -> bool:
        """Acknowledge; return whether nothing stands any more."""
        reading = self.story.plant.reading(**self.tells)
        self.story.state, standing = bms.reset_trips(self.story.config, self.story.state, reading)
        return not standing

    def tell(self) -> str:
        """Return where the contactor is."""
        return f"poll {self.polls}: {self.story.contactor}, {self.story.failure}, {self.story.decision.alarms}"


def ask_to_close(bench: PlantBench) -> None:
    bench.story.wish(charge=True)


async def weld_and_trip(bench: PlantBench) -> None:
    """Weld the contacts while 40 A flow, and give a reason to open."""
    bench.story.plant.demand = 40.0
    await bench.poll(2)
    bench.story.plant.welded = True
    bench.tells = TRIP


async def ask_again(bench: PlantBench) -> None:
    """Ask for what must not be while it is welded, then mend it."""
    bench.story.wish(charge=None)
    bench.story.plant.welded, bench.story.plant.demand, bench.tells = False, 0.0, {}


def mend(bench: PlantBench) -> None:
    """Put a sound plant in the place of the broken one."""
    sound = Plant()
    for name in ("load", "precharge_resistance", "capacitance", "stuck_open"):
        setattr(bench.story.plant, name, getattr(sound, name))


FAILED = Check(text="the contactor has failed", holds=lambda b: b.story.contactor is ContactorState.FAILED)
PRECHARGING = Check(text="it precharges", holds=lambda b: b.story.contactor is ContactorState.PRECHARGE)
CLOSED = Check(text="the contactor is closed", holds=lambda b: b.story.contactor is ContactorState.CLOSED)
MAIN_ON = Check(text="the main coil has power", holds=lambda b: b.story.relays.main)
MAINS = Check(text="the main coil had power more than three times", holds=lambda b: _times(b, 1) > 3)
THREE = Check(text="three tries were made", holds=lambda b: _times(b, 2) == 3)
TOO_FAST = Check(text="noted as too fast", holds=lambda b: b.story.state.contactors.charge.too_fast)


def _times(bench: PlantBench, coil: int) -> int:
    return sum(bool(coils[coil]) for coils in bench.story.plant.coils)


ROWS = (
    Row(
        number=40, part="b", area="actuator", fault="A contactor is welded: told to open, 40 A go on",
        where=Where.PLANT,
        injected="plant: welded, tripped under load", rig=lambda: PlantBench(closed=True), inject=weld_and_trip,
        react=(within(9, FAILED), within(10, tripped("contactor_welded"))), never=(), watch=20,
        latches=("contactor_welded",), mend=ask_again, settle=60, recover=(),
        why="It waits 2 s for a current that it can break, then 5 s for the contacts.",
    ),
    Row(
        number=41, part="b", area="actuator", fault="A contactor does not close", where=Where.PLANT,
        injected="plant: contacts stuck open", rig=lambda: PlantBench(stuck_open=True), inject=ask_to_close,
        react=(within(60, FAILED), within(61, told("contactor_not_closing"))), never=(CLOSED, MAINS), watch=600,
        mend=mend, recover=(), why="Three tries of 2 s, 10 s apart; then it rests for 10 min.",
    ),
    *(
        Row(
            number=42, part=part, area="actuator", fault=f"Precharge never reaches 95 %: {word}", where=Where.PLANT,
            injected="plant", rig=lambda broken=broken: PlantBench(**broken), inject=ask_to_close,
            react=(within(60, THREE), within(60, FAILED), within(61, tripped("precharge_failed"))),
            never=(CLOSED, MAIN_ON), watch=60, mend=mend, recover=(),
            why="Three tries of at most 2 s each; then the resistor cools down for 10 min.",
        )
        for part, word, broken in (
            ("", "a short behind it", {"load": 3.0}),
            ("b", "the resistor is open", {"precharge_resistance": 5000.0}),
            ("c", "a load is on", {"load": 200.0, "precharge_resistance": 9.0}),
        )
    ),
    Row(
        number=43, area="actuator", fault="Precharge is too fast: no capacitor behind it", where=Where.PLANT,
        injected="plant: a hundredth of the capacitance, looked at 20 times a second",
        rig=lambda: PlantBench(capacitance=0.0001, poll=0.05, precharge_soonest=0.3, tries=1), inject=ask_to_close,
        react=(within(40, TOO_FAST), within(40, FAILED)), never=(CLOSED, MAIN_ON), watch=40, mend=mend,
        why="Looks, not polls: a precharge is over before a second is.",
    ),
    Row(
        number=43, part="b", area="actuator", fault="Precharge is too fast, and that is permitted", where=Where.PLANT,
        injected="plant: a hundredth of the capacitance, looked at 20 times a second",
        rig=lambda: PlantBench(capacitance=0.0001, poll=0.05, precharge_soonest=0.3, fast_allowed=True),
        inject=ask_to_close, react=(within(40, TOO_FAST), within(60, CLOSED)), mend=mend,
        why="Looks, not polls.",
    ),
)  # fmt: skip
