"""A file tells all that its reader needs, and what is no such file is refused with the place that shows it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from custom_components.home_bms.core import bms, record
from custom_components.home_bms.core.blackbox import BlackBox, Tick
from custom_components.home_bms.core.model import HardwareRing, Motion, Reaction
from custom_components.home_bms.core.record import FORMAT, Header, RecordError, Recording, dump, load

from .conftest import make_config, make_reading

CONFIG = make_config()


@pytest.fixture(scope="module")
def recording() -> Recording:
    """A cell that runs away, with a wish of the user's in between and an error at the end."""
    box, state = BlackBox(CONFIG), bms.start(CONFIG)
    for second in range(60):
        if second == 30:
            state = bms.wish(CONFIG, state, replace(state.wishes, charge_current_cap=20.0))
        reading = make_reading(float(second), cell=3.30 if second < 40 else 3.62)
        before = state
        state, decision = bms.step(CONFIG, before, reading)
        box.record(before, reading, decision, state, error="TypeError()" if second == 59 else None)
    (frozen,) = box.close()
    header = Header(
        home_bms="0.1.0",
        home_assistant="2026.10.4",
        model="jk_pb",
        time="2026-10-03T12:00:00+00:00",
        origin=40.0,
        triggers=frozen.triggers,
        hardware=HardwareRing(cell_overvoltage=3.7),
        overrides={"cell_overvoltage_trip": 3.63},
        config=CONFIG,
    )
    return Recording(header=header, ticks=frozen.ticks)


def lines(content: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in gzip.decompress(content).decode().splitlines()]


def test_a_file_is_lines_of_json_that_anybody_can_unpack(recording: Recording) -> None:
    header, start, first, *rest = lines(dump(recording))
    assert header["format"] == FORMAT
    assert header["home_bms"] == "0.1.0"
    assert header["triggers"]
    assert header["config"]["open_after"] == CONFIG.open_after  # type: ignore[index]
    assert list(start) == ["state"]
    assert list(first) == ["reading", "decision"]
    assert sum("state" in line for line in rest) == 1
    assert "error" in rest[-1]


def test_a_file_is_read_as_it_was_written(recording: Recording) -> None:
    again = load(dump(recording))
    assert again == recording
    assert dump(again) == dump(recording)


def test_a_file_from_before_reactions_and_motions_were_kept_is_read_too(recording: Recording) -> None:
    old = lines(dump(recording))
    for line in old:
        if "state" in line:
            for field in ("reaction", "motion"):
                del line["state"][field]  # type: ignore[attr-defined]
    (first, *_) = load("\n".join(json.dumps(line) for line in old).encode()).ticks
    assert first.state is not None
    assert (first.state.reaction, first.state.motion) == (Reaction(), Motion())


def test_a_file_that_somebody_unpacked_is_read_too(recording: Recording) -> None:
    assert load(gzip.decompress(dump(recording))) == recording


def test_readings_without_states_and_decisions_are_a_recording(recording: Recording) -> None:
    bare = Recording(header=recording.header, ticks=tuple(Tick(reading=tick.reading) for tick in recording.ticks))
    assert load(dump(bare)) == bare


def altered(line: int, change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    def alter(content: bytes) -> bytes:
        texts = gzip.decompress(content).decode().splitlines()
        texts[line - 1] = change(texts[line - 1])
        return "\n".join(texts).encode()

    return alter


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda _: b"", "no header"),
        (lambda _: b"\n\n", "no header"),
        (lambda _: b"{}", "no header"),
        (lambda _: b"hello", "line 1: "),
        (lambda _: b"[1]", r"line 1: \[1\] is no object"),
        (lambda _: b"\xff\xfe", "it holds no text"),
        (lambda _: b"[" * 1_000_000, "line 1: "),
        (lambda content: content[:-100], "cut off"),
        (lambda content: content[:50] + b"xxxxxxxx" + content[58:], "damaged"),
        (altered(1, lambda text: text.replace('"format":2', '"format":3')), "line 1: format 3 is not known here"),
        (
            altered(1, lambda text: text.replace('"format":2', '"format":true')),
            "format True is not known",
        ),
        (altered(1, lambda text: text.replace('"format":2', '"format":"2"')), "line 1: format '2' is not known"),
        (altered(1, lambda text: text.replace('"format":2', '"format":1')), "line 1: format 1 is not known"),
        (altered(1, lambda text: text.replace('"cells":16', '"cells":"many"')), r"line 1: config.cells: 'many'"),
        (altered(1, lambda text: text.replace('"cells":16,', "")), "line 1: config.cells: is missing"),
        (
            altered(1, lambda text: text.replace('"cells":16,', '"cells":100000000,')),
            "line 1: config.cells: 100000000 is not 1 to 400",
        ),
        (
            altered(2, lambda _: '{"state":{"trust":{"frame":{"time":1,"said":' + "[" * 1500 + "]" * 1500 + "}}}}"),
            "line 2: it is too deep",
        ),
        (altered(3, lambda text: text.replace('"current":0.0', '"current":NaN')), "line 3: NaN is no JSON"),
        (
            altered(3, lambda text: text.replace('"current":0.0', '"courant":0.0')),
            "line 3: reading.courant: is no field",
        ),
        (altered(3, lambda _: '{"decision":null}'), "line 3: neither a state nor a reading"),
        (altered(3, lambda text: '{"state":{},' + text[1:]), "line 3: neither a state nor a reading, or both"),
        (altered(3, lambda _: "7"), "line 3: 7 is no object"),
    ],
)
def test_what_is_no_black_box_is_refused(recording: Recording, spoil: Callable[[bytes], bytes], told: str) -> None:
    with pytest.raises(RecordError, match=told):
        load(spoil(dump(recording)))


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_a_file_that_swells_beyond_measure_is_refused(
    recording: Recording, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "LARGEST", 2**20)
    with pytest.raises(RecordError, match="holds more than 1 MiB"):
        load(pack(b" " * (2**20 + 1)))


def test_half_an_hour_of_the_largest_pack_is_far_below_the_bound() -> None:
    config = make_config(cells=400)
    state = bms.start(config)
    reading = make_reading(0.0, cells=tuple(3.3 + index / 7000 for index in range(400)))
    state, decision = bms.step(config, state, reading)
    one = Recording(header=Header(home_bms="0", config=config), ticks=(Tick(reading=reading, decision=decision),))
    assert 1800 * len(gzip.decompress(dump(one))) < record.LARGEST
