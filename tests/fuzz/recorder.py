"""The entrance by which what the recorder has kept comes back: states of any kind, at odd times."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from custom_components.home_bms.core.replay import reconfigure
from custom_components.home_bms.core.series import Series
from custom_components.home_bms.core.what_if import Trial
from custom_components.home_bms.history.export_files import Row
from custom_components.home_bms.history.what_if import _go_along
from custom_components.home_bms.history.what_if_table import event_facts, table

from .entrance import Entrance
from .files import CONFIG, recording
from .material import numbers, spoilt_text, texts

BEGIN: Final = datetime(2026, 11, 26, tzinfo=UTC)
STATES: Final = ("3.301", "21.5", "-12.3", "52.8", "63")
KEYS: Final = (
    *(f"cell_{number}" for number in range(1, CONFIG.cells + 1)),
    *(f"temperature_{number}" for number in range(1, CONFIG.temperature_sensors + 1)),
    *("current", "voltage", "soc", "switch_temperature", "cell_0", "cell_999", "cell_²", "temperature_99", "cell_"),
)
STARTS: Final = {key: "25.0" if key.startswith("t") else "0.0" if key == "current" else "3.301" for key in KEYS[:-5]}


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Return what the recorder kept of a pack: what it began with, then odd states, each a while after the last."""
    time, found = BEGIN, []
    state = st.one_of(
        st.sampled_from(STATES),
        st.sampled_from((None, "unavailable", "unknown", "nan", "inf", "-inf", "1e400", "-0", "0", "99999", "-40")),
        spoilt_text(STATES),
        texts,
        numbers.map(str),
    )
    told = [(key, "3.301" if draw(st.integers(0, 40)) < 40 else draw(state), 0.0) for key in KEYS[: CONFIG.cells]]
    told += [(key, STARTS[key], 0.0) for key in KEYS[CONFIG.cells : -5]] if draw(st.booleans()) else []
    later = st.sampled_from((0.0, 0.5, 4.0, 5.0, 60.0, 600.0))
    told += draw(st.lists(st.tuples(st.sampled_from(KEYS), state, later), max_size=30))
    for key, value, apart in told:
        time += timedelta(seconds=apart)
        found.append((time, f"sensor.pack_1_{key}", "Pack 1", key, None, value))
    return found


def gone_through(kept: list[Row]) -> tuple[Trial, Trial]:
    """Go through rows under the present limits and under others, as the action `what_if` does."""
    header = recording().header
    other = reconfigure(header, {"charge_current": 40.0})
    trials, series = (Trial(CONFIG), Trial(other, proposed=True)), Series(CONFIG, header.hardware)
    middle = len(kept) // 2
    for part in (kept[:middle], kept[middle:]):
        until = part[-1][0] if part else BEGIN
        assert isinstance(until, datetime)
        _go_along(series, trials, part, until.timestamp() + 8.0)
    return trials


def tellable(_: Any, trials: tuple[Trial, Trial]) -> None:
    """See that what came of it are numbers that can be told."""
    present, proposed = (trial.tally for trial in trials)
    told = [
        table(present, proposed),
        *[event_facts(event, event.time) for event in (*present.events, *proposed.events)],
    ]
    json.dumps(told, allow_nan=False)
    assert present.seconds >= 0
    assert proposed.seconds >= 0


ENTRANCES: Final = (Entrance(name="recorder rows", made=rows(), take=gone_through, holds=tellable, share=0.1),)
