"""What goes wrong when: the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log
from random import Random

from .dangers import DANGERS
from .faults_can import ROWS as CAN
from .faults_ha import ROWS as HA
from .faults_modbus import ROWS as MODBUS
from .house import Scene
from .table import Fault

FAULTS: tuple[Fault, ...] = (*MODBUS, *CAN, *HA)
WARM_UP = 110.0
"""s until the limits have risen."""
GAP = 20.0
"""s between two heaps of faults, on average."""
AT_ONCE = (0.72, 0.94)
"""Chances that a heap has one fault at most, and two; else it has three."""
DANGER_EVERY = 120.0
"""s between two dangers, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A fault at its time."""

    at: float
    """s from the beginning."""
    until: float
    fault: Fault
    seed: float


def scene_of(seed: int) -> Scene:
    """Return how the pack is reached in the life with this number."""
    return tuple(Scene)[seed % len(Scene)]


def has_recorder(seed: int) -> bool:
    """Return whether Home Assistant's recorder runs in it: in half of them, in each scene."""
    return seed // len(Scene) % 2 == 1


def is_grouped(seed: int) -> bool:
    """Return whether CAN is a UDP multicast group in it: in half of them, in each scene with and without a recorder."""
    return bool((seed + seed // 4 + seed // 8) % 2)


def fitting(scene: Scene, *, recorder: bool) -> list[Fault]:
    """Return what can go wrong there."""
    return [fault for fault in FAULTS if scene in fault.scenes and (recorder or not fault.needs_recorder)]


def schedule(seed: int, seconds: float) -> list[Happening]:
    """Return all that happens within so many s."""
    random = Random(seed)
    faults = _faults(random, fitting(scene_of(seed), recorder=has_recorder(seed)), seconds)
    return sorted((*faults, *_dangers(random, seconds)), key=lambda happening: happening.at)


def _faults(random: Random, known: Sequence[Fault], seconds: float) -> Iterator[Happening]:
    """Yield heaps of faults; all have their turn before one comes again."""
    at, deck = WARM_UP, list[Fault]()
    while True:
        at += random.expovariate(1 / GAP) + 5.0
        chance = random.random()
        heap: list[Fault] = []
        for _ in range(1 + sum(chance > share for share in AT_ONCE)):
            if not deck:
                deck = random.sample(known, len(known))
            if all(fault.slot != deck[-1].slot for fault in heap):
                heap.append(deck.pop())
        ends = []
        for fault in heap:
            begin = at + random.uniform(0.0, 5.0)
            ends.append(begin + _length(random, fault))
            if ends[-1] > seconds:
                return
            yield Happening(at=begin, until=ends[-1], fault=fault, seed=random.random())
        at = max(ends)


def _dangers(random: Random, seconds: float) -> Iterator[Happening]:
    at, deck = WARM_UP, list[Fault]()
    while True:
        at += random.expovariate(1 / DANGER_EVERY) + 20.0
        deck = deck or random.sample(DANGERS, len(DANGERS))
        fault = deck.pop()
        until = at + _length(random, fault)
        if until > seconds:
            return
        yield Happening(at=at, until=until, fault=fault, seed=random.random())
        at = until


def _length(random: Random, fault: Fault) -> float:
    """Return how long it stands: short ones are as likely as long ones."""
    least, most = fault.lasts
    return exp(random.uniform(log(least), log(most))) if least else 0.0
