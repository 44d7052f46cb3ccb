"""What a row of the fault matrix is made of, and how it is played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from inspect import isawaitable
from typing import Any

from custom_components.home_bms.core.model import Level

from .bench import Bench

type Act = Callable[[Any], Awaitable[None] | None]
"""Takes the bench, or what stands in for it."""


class Where(StrEnum):
    """What the fault goes through before it is judged; all of it is real but where it is said."""

    LINK = "link"
    """It is on the wire: in a register, a frame or the connection."""
    HA = "HA"
    """It is in Home Assistant, its host or its files; the pack is on the wire."""
    READING = "reading"
    """No register can hold it: it is put into what the driver has read from the wire."""
    PLANT = "plant"
    """There is no wire: core drives the coils of a simulated contactor, for no driver has outputs yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something that can be looked at after each poll, in words and in fact."""

    text: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A check that must hold after so many polls, at the latest."""

    within: int
    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the system is doing when the fault begins."""

    kind: str = "tcp"
    wanted: float = 0.0
    soc: float = 50.0
    control: bool = True
    two: bool = False
    """A second pack stands beside the first."""
    recorder: bool = False
    """Home Assistant's recorder runs."""
    changes: tuple[tuple[str, object], ...] = ()
    """Of the pack's settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault, what must come of it and by when."""

    number: int
    part: str = ""
    area: str
    fault: str
    injected: str
    where: Where = Where.LINK
    scene: Scene = Scene()
    rig: Callable[[], Any] | None = None
    """What stands in for the bench where there is no wire."""
    inject: Act
    """It may poll until the danger begins; what must come of it is counted from there."""
    react: tuple[Due, ...]
    never: tuple[Check, ...] = ()
    """From the fault's begin until it is mended."""
    watch: int = 0
    """Polls for which `never` is watched after the last reaction."""
    settle: int = 20
    """Polls after mending until a trip can be reset."""
    latches: tuple[str, ...] = ()
    """Trips that stand until a person resets them; while their cause stands that is refused."""
    mend: Act
    recover: tuple[Due, ...] = ()
    defect: str = ""
    """What of this does not hold yet; such a row is told in the document and not played."""
    why: str = ""
    """Where this is not what the sheet of faults asks for, or how it is meant."""

    @property
    def name(self) -> str:
        """How the row is called in the document and in a test's id."""
        return f"{self.number}{self.part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The polls that each reaction and each recovery took, in the row's order."""

    react: tuple[int, ...]
    recover: tuple[int, ...]


async def do(act: Act, bench: Any) -> None:
    """Act, whether that takes time or not."""
    if isawaitable(going := act(bench)):
        await going


async def play(row: Row, bench: Any) -> Outcome:
    """Let the fault happen; raises AssertionError where anything comes otherwise than the row says."""
    if row.rig is None:
        await ready(row.scene, bench)
    for due in row.react:
        assert not due.check.holds(bench), f"already before the fault: {due.check.text}; {bench.tell()}"
    await do(row.inject, bench)
    react = await _meet(row.react, row.never, bench)
    for _ in range(row.watch):
        await bench.poll()
        _see(row.never, bench)
    if row.latches:
        assert not await bench.reset(), f"a reset was not refused while the cause stands; {bench.tell()}"
        assert all(bench.level(key) is Level.TRIP for key in row.latches), bench.tell()
    await do(row.mend, bench)
    if row.latches:
        await _release(row, bench)
    return Outcome(react=react, recover=await _meet(row.recover, (), bench))


async def ready(scene: Scene, bench: Bench) -> None:
    """Wait until the limits have risen, then let the inverter do what it wants."""
    await bench.until(lambda: _risen(bench), 200)
    if scene.control:
        await bench.allow_control()
    bench.wanted = scene.wanted
    bench.drive()
    await bench.poll(5)
    bench.notes["late"] = bench.coordinator.statistics.late_ticks


def _risen(bench: Bench) -> bool:
    decision = bench.now.decision
    return not {decision.ccl.reason.rule, decision.dcl.reason.rule} & {"starting", "recovering", "value_missing"}


async def _release(row: Row, bench: Any) -> None:
    """See that the trips stand by themselves, and go when a person asks once their cause has gone."""
    await bench.poll(row.settle)
    standing = {key for key in row.latches if bench.level(key) is Level.TRIP}
    assert standing == set(row.latches), f"a trip let go by itself; {bench.tell()}"
    assert await bench.reset(), f"a reset was refused though the cause has gone; {bench.tell()}"
    await bench.poll()
    assert all(bench.level(key) < Level.TRIP for key in row.latches), bench.tell()


async def _meet(dues: tuple[Due, ...], never: tuple[Check, ...], bench: Any) -> tuple[int, ...]:
    """Poll until every check has held once; return after how many polls each did."""
    # What is due at once needs no poll, and there may be nobody left who polls.
    met = {index: 0 for index, due in enumerate(dues) if due.within == 0}
    for index in met:
        assert dues[index].check.holds(bench), f"not at once: {dues[index].check.text}"
    count = 0
    while len(met) < len(dues):
        await bench.poll()
        count += 1
        _see(never, bench)
        for index, due in enumerate(dues):
            if index not in met and due.check.holds(bench):
                met[index] = count
            assert index in met or count < due.within, (
                f"not within {due.within} polls: {due.check.text}; {bench.tell()}"
            )
    return tuple(met[index] for index in range(len(dues)))


def _see(never: tuple[Check, ...], bench: Any) -> None:
    for check in never:
        assert not check.holds(bench), f"{check.text}, which must not be; {bench.tell()}"
