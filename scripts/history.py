"""Computes the past of a virtual pack, so that a new demo has statistics to show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from statistics import fmean
from types import SimpleNamespace
from typing import Any, Final

from custom_components.home_bms.const import CONF_CAPACITY, CONF_CELLS, CONF_CHEMISTRY, CONF_SEED
from custom_components.home_bms.core import bms, system
from custom_components.home_bms.core.model import Snapshot, SystemDecision
from custom_components.home_bms.documents import plain
from custom_components.home_bms.helpers import pack_config
from custom_components.home_bms.hw.virtual import VirtualHost
from custom_components.home_bms.sensor import PACK_SENSORS, SYSTEM_SENSORS

STEP: Final = 4.0
"""s between two looks of the core at the pack: the live one takes 1 s, and after 5 s data would be old."""
SAMPLE: Final = 60.0
"""s between two samples of each sensor."""
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)

type Series = dict[str, list[float]]


class Past:
    """The pack of `data` (as the config flow keeps it) in a house whose inverter obeys, watched by the core."""

    def __init__(self, data: Mapping[str, Any], count: int, end: datetime) -> None:
        """Prepare the `count` hours until `end`."""
        self._count = count
        self._start = end - timedelta(hours=count)
        self._config = pack_config(data)
        self._state = bms.start(self._config)
        self._host = VirtualHost(
            chemistry=data[CONF_CHEMISTRY],
            cells=int(data[CONF_CELLS]),
            capacity=float(data[CONF_CAPACITY]),
            seed=int(data[CONF_SEED]),
            speed=0,
            start_hour=self._start.hour,
        )

    def hours(self) -> Iterator[tuple[datetime, Series, Series]]:
        """Yield for each hour its start and the samples of the pack's and of the system's sensors, by key."""
        config, host = self._config, self._host
        for hour in range(self._count):
            pack_samples: Series = defaultdict(list)
            system_samples: Series = defaultdict(list)
            for tick in range(int(3600 / STEP)):
                host.world.advance(STEP)
                self._state, snapshot = bms.observe(config, self._state, host.pack.reading(host.pack.time))
                decision = snapshot.decision
                host.obey(decision.cvl.value, decision.ccl.value, decision.dcl.value)
                if not tick % (SAMPLE / STEP):
                    _sample(PACK_SENSORS, snapshot, pack_samples)
                    _sample(SYSTEM_SENSORS, system.combine({"pack": (config, snapshot)}), system_samples)
            yield self._start + timedelta(hours=hour), pack_samples, system_samples

    @property
    def learned(self) -> dict[str, Any]:
        """What the core has learned of the pack so far, as the action `import_learned` takes it."""
        learned: dict[str, Any] = plain(bms.save_learned(self._config, self._state))
        return learned


def _sample(descriptions: tuple[Any, ...], data: Snapshot | SystemDecision, into: Series) -> None:
    """Ask the integration's own descriptions of sensors what they would show."""
    source = SimpleNamespace(data=data, statistics=SimpleNamespace(), packs={})
    for description in descriptions:
        try:
            value = description.value_fn(source)
        except AttributeError:
            # About the loop, which does not run here.
            continue
        if isinstance(value, int | float) and isfinite(value):
            into[description.key].append(value)


def rows(series: list[tuple[datetime, list[float]]], *, has_sum: bool) -> list[dict[str, Any]]:
    """Return an entity's long-term statistics as Home Assistant imports them."""
    known = [(start, samples) for start, samples in series if samples]
    if not has_sum:
        return [
            {"start": start.isoformat(), "mean": fmean(samples), "min": min(samples), "max": max(samples)}
            for start, samples in known
        ]
    if not known:
        return []
    # The live counter is summed from zero, so the past has to end there. Home Assistant counts the first row of all
    # from zero too, so that stands where no graph reaches.
    last = known[-1][1][-1]
    return [
        {"start": LONG_AGO.isoformat(), "state": 0.0, "sum": -last},
        *({"start": start.isoformat(), "state": samples[-1], "sum": samples[-1] - last} for start, samples in known),
    ]
