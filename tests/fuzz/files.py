"""The entrances by which what was kept comes back: black boxes, states, documents."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.blackbox import Tick
from custom_components.home_bms.core.codec import CodecError, codec
from custom_components.home_bms.core.learned import LearnedError
from custom_components.home_bms.core.leases import LeaseBook
from custom_components.home_bms.core.memory import restore_system, save_system
from custom_components.home_bms.core.model import ConfigError, Decision, Level, PackReading, PackState
from custom_components.home_bms.core.record import LARGEST, Header, RecordError, Recording, dump, load, text
from custom_components.home_bms.core.replay import reconfigure
from custom_components.home_bms.core.system import SystemState
from custom_components.home_bms.core.what_if import Trial
from tests.core.conftest import Story, make_config, make_reading

from .entrance import Entrance
from .material import any_bytes, json_values, spoilt_json

CONFIG: Final = make_config()


@cache
def lived() -> Story:
    """Return a pack that has lived a little, and tripped."""
    story = Story()
    story.tell(30, cell=3.3)
    story.tell(20, cell=3.9)
    return story


@cache
def recording() -> Recording:
    config, state = CONFIG, bms.start(CONFIG)
    ticks = []
    for second in range(8):
        reading = make_reading(float(second), cell=3.3 if second < 4 else 3.75)
        before = state if second in (0, 5) else None
        state, decision = bms.step(config, state, reading)
        ticks.append(Tick(reading=reading, decision=decision, state=before, drill=None, error=None))
    header = Header(home_bms="0.1.0", time="2026-11-26T12:00:00+00:00", config=config, overrides={"soc_min": 20.0})
    return Recording(header=header, ticks=tuple(ticks))


def lines() -> list[Any]:
    return [json.loads(line) for line in zlib.decompress(dump(recording()), 31).splitlines()]


def packed(text_: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(text_) + packer.flush()


def _written(rows: Any) -> bytes:
    try:
        return "\n".join(json.dumps(row) for row in rows).encode() if isinstance(rows, list) else b""
    except RecursionError, ValueError:
        return b"[" * 5000


def boxes() -> st.SearchStrategy[bytes]:
    """Return files: spoilt lines, spoilt bytes, and such as hold far more than they are long."""
    spoilt = spoilt_json(lines()).map(_written)
    bombs = st.sampled_from((packed(bytes(LARGEST + 1)), packed(b"[" * 200_000), packed(b'{"format":2,"a":' * 2000)))
    return st.one_of(spoilt, spoilt, spoilt.map(packed), any_bytes(dump(recording())), any_bytes(), bombs)


def replayed(content: bytes) -> Recording:
    """Read a file, replay it under other limits, and write it again."""
    found = load(content)
    try:
        other = reconfigure(found.header, {"charge_current": 40.0})
    except ConfigError:
        return found
    for trial in (Trial(found.header.config), Trial(other, recorded=found.header.config, proposed=True)):
        trial.take(found.ticks)
    return found


def same_again(_: Any, found: Recording) -> None:
    assert text(load(dump(found)).header) == text(found.header)


def decoded(kind: Any) -> Any:
    return lambda value: codec(kind).decode(value)


def survives(kind: Any) -> Any:
    def holds(_: Any, value: Any) -> None:
        assert codec(kind).decode(json.loads(json.dumps(codec(kind).encode(value)))) is not None

    return holds


def restored(saved: Any) -> PackState:
    """Take a state over, and live on with it."""
    state = bms.restore(CONFIG, saved, now=1000.0, gap=60.0)
    for second in range(3):
        state, decision = bms.step(CONFIG, state, make_reading(1000.0 + second))
        assert 0 <= decision.ccl.value <= CONFIG.charge_current
        assert 0 <= decision.dcl.value <= CONFIG.discharge_current
    json.dumps(bms.save(state, 1003.0), allow_nan=False).encode()
    return state


def still_tripped(saved: Any, state: PackState) -> None:
    """See that a trip that can still be read still stands."""
    trips = saved.get("trips") if isinstance(saved, Mapping) else None
    kept = lived().state.tracks
    for key in trips if isinstance(trips, Mapping) else ():
        if key in kept:
            assert state.tracks[key].level is Level.TRIP


def learned(saved: Any) -> PackState:
    """Take over what was learned, and live on with it."""
    state = bms.load_learned(CONFIG, bms.start(CONFIG), saved, now=1000.0, gap=60.0)
    for second in range(3):
        state, _ = bms.step(CONFIG, state, make_reading(1000.0 + second))
    return state


def plain(value: Any) -> Any:
    """Return what a file makes of it."""
    return json.loads(json.dumps(value))


def system(saved: Any) -> SystemState:
    return restore_system({"a": CONFIG}, saved)


def _system_sound(_: Any, state: SystemState) -> None:
    json.dumps(save_system(state), allow_nan=False)


SAVED: Final = plain(bms.save(lived().state, lived().time))
LEARNED: Final = plain(bms.save_learned(CONFIG, lived().state))
BOOK: Final = {
    "leases": [{"owner": "a", "made": 1.0, "start": 1.0, "end": 100.0, "power": 500.0, "days": [1, 2]}],
    "reserve": 20.0,
}
UNUSABLE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What the store takes for a spoilt file."""

ENTRANCES: Final = (
    Entrance(
        name="black box",
        made=boxes(),
        take=replayed,
        allowed=(RecordError,),
        holds=same_again,
        found=(b'{"format":2,"home_bms":"1","config":' + b"[" * 20_000,),
    ),
    *(
        Entrance(
            name=f"recorded {kind.__name__}",
            made=st.one_of(spoilt_json(sound), spoilt_json(sound), json_values),
            take=decoded(kind),
            allowed=(CodecError,),
            holds=survives(kind),
            share=0.5,
        )
        for kind, sound in (
            (Header, lines()[0]),
            (PackState, lines()[1]["state"]),
            (PackReading, lines()[2]["reading"]),
            (Decision, lines()[2]["decision"]),
            (LeaseBook, BOOK),
        )
    ),
    Entrance(name="stored state", made=spoilt_json(SAVED), take=restored, allowed=UNUSABLE, holds=still_tripped),
    Entrance(
        name="stored learning", made=spoilt_json(LEARNED), take=learned, allowed=(*UNUSABLE, LearnedError), share=0.4
    ),
    Entrance(
        name="stored system",
        made=st.one_of(spoilt_json(plain(save_system(SystemState()))), json_values),
        take=system,
        holds=_system_sound,
        found=({"charging": {"stage": "bulk", "rule": "starting", "soc": 10**400}},),
    ),
)
