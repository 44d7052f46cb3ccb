"""A programme is told what it asked for, when it asked for it, and that it is not known where it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.hw.openadr_client import Version
from custom_components.home_bms.hw.openadr_reports import MOST_AT_ONCE, MOST_EVENTS, Measured, Reporter

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()
QUARTER = 900.0
MISSING = [{"type": "DATA_QUALITY", "values": ["MISSING"]}]


def event(*wishes: Any, count: int = 4, **more: Any) -> dict[str, Any]:
    """Return an event of some quarters of an hour from noon on, called from 10."""
    return {
        "id": "e-1",
        "intervalPeriod": {"start": "2026-11-02T12:00:00Z", "duration": "PT15M"},
        "reportDescriptors": list(wishes),
        "intervals": [{"id": 10 + number, "payloads": []} for number in range(count)],
    } | more


def wish(kind: str = "STORAGE_CHARGE_LEVEL", **more: Any) -> dict[str, Any]:
    return {"payloadType": kind} | more


def watching(*events: Any, until: float, begun: float = NOON, every: float = 300.0) -> Reporter:
    """Return a reporter that has looked at a battery which gains a percent a look, up to so many s after noon."""
    reporter = Reporter("house", begun)
    reporter.follow(list(events), NOON)
    for look in range(int(until // every)):
        reporter.look(
            NOON + look * every,
            Measured(
                soc=50.0 + look, power=1000.0 * look, charge_power=3000.0, discharge_power=4000.0, capacity=10_000.0
            ),
        )
    return reporter


def told(reporter: Reporter, later: float, version: Version = Version.V3_0) -> list[list[tuple[int, Any]]]:
    """Return of each report that is due its intervals, with their values."""
    return [
        [
            (row["id"], row["payloads"][0]["values"][0])
            for resource in report.body["resources"]
            for row in resource["intervals"]
        ]
        for report in reporter.due(NOON + later, version)
    ]


def test_what_a_report_holds() -> None:
    reporter = watching(event(wish(units="PERCENT"), count=1, eventName="Peak"), until=QUARTER)
    assert reporter.due(NOON + QUARTER - 1, Version.V3_0) == []
    (report,) = reporter.due(NOON + QUARTER, Version.V3_0)
    assert report.body == {
        "eventID": "e-1",
        "clientName": "house",
        "reportName": "STORAGE_CHARGE_LEVEL e-1",
        "payloadDescriptors": [
            {"payloadType": "STORAGE_CHARGE_LEVEL", "readingType": "DIRECT_READ", "units": "PERCENT"}
        ],
        "resources": [
            {
                "resourceName": "battery",
                "intervals": [
                    {
                        "id": 10,
                        "intervalPeriod": {"start": "2026-11-02T12:00:00+00:00", "duration": "PT900S"},
                        "payloads": [{"type": "STORAGE_CHARGE_LEVEL", "values": [52.0]}],
                    }
                ],
            }
        ],
    }
    reporter.done(report)
    assert reporter.due(NOON + QUARTER, Version.V3_0) == []


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (wish("STORAGE_CHARGE_LEVEL"), 52.0),
        (wish("STORAGE_CHARGE_LEVEL", units="PERCENTAGE"), 52.0),
        # A mean of 0, 1 and 2 kW.
        (wish("DEMAND"), 1.0),
        (wish("DEMAND", units="W"), 1000.0),
        (wish("STORAGE_MAX_CHARGE_POWER", units="KW"), 3.0),
        (wish("STORAGE_MAX_DISCHARGE_POWER", units="W"), 4000.0),
        (wish("STORAGE_USABLE_CAPACITY"), 10.0),
        ({"payLoadType": "STORAGE_USABLE_CAPACITY", "units": "WH"}, 10_000.0),
    ],
)
def test_each_value_is_told_in_the_unit_that_is_asked_for(asked: Any, value: float) -> None:
    assert told(watching(event(asked, count=1), until=QUARTER), QUARTER) == [[(10, value)]]


def test_a_percentage_is_a_number_from_zero_to_one_since_3_1() -> None:
    reporter = watching(event(wish(), count=1), until=QUARTER)
    assert told(reporter, QUARTER, Version.V3_1) == [[(10, 0.52)]]


@pytest.mark.parametrize(
    ("asked", "reports"),
    [
        pytest.param({}, {4: [10, 11, 12, 13]}, id="all at the end"),
        pytest.param(
            dict.fromkeys(("startInterval", "numIntervals", "frequency"), -1), {4: [10, 11, 12, 13]}, id="by default"
        ),
        pytest.param({"numIntervals": 2}, {4: [12, 13]}, id="the last ones"),
        pytest.param({"startInterval": 1}, {2: [10, 11]}, id="what came before one"),
        pytest.param(
            {"startInterval": 0, "numIntervals": 1, "frequency": 1, "repeat": -1},
            {1: [10], 2: [11], 3: [12], 4: [13]},
            id="each at its end",
        ),
        pytest.param(
            {"startInterval": 1, "numIntervals": 2, "frequency": 2, "repeat": 3},
            {2: [10, 11], 4: [12, 13]},
            id="two by two",
        ),
        pytest.param(
            {"startInterval": 0, "numIntervals": 1, "frequency": 1, "repeat": 2},
            {1: [10], 2: [11]},
            id="only so often",
        ),
    ],
)
def test_reports_come_when_they_are_asked_for(asked: Any, reports: dict[int, list[int]]) -> None:
    reporter = watching(event(wish(**asked)), until=4 * QUARTER)
    found = {}
    for quarter in range(1, 6):
        for report in reporter.due(NOON + quarter * QUARTER, Version.V3_0):
            found[quarter] = [row["id"] for row in report.body["resources"][0]["intervals"]]
            reporter.done(report)
    assert found == reports


def test_several_resources_are_told_as_one_where_that_is_asked_for() -> None:
    (report,) = watching(event(wish(aggregate=True), count=1), until=QUARTER).due(NOON + QUARTER, Version.V3_0)
    assert report.body["resources"][0]["resourceName"] == "AGGREGATED_REPORT"


def test_what_was_not_seen_is_told_as_missing() -> None:
    reporter = watching(event(wish(), wish("DEMAND")), until=QUARTER)
    reports = reporter.due(NOON + 4 * QUARTER, Version.V3_0)
    for report in reports:
        rows = report.body["resources"][0]["intervals"]
        assert rows[0]["payloads"] != MISSING
        assert [row["payloads"] for row in rows[1:]] == [MISSING] * 3
    assert len(reports) == 2


def test_a_mean_of_which_most_is_not_known_is_missing() -> None:
    reporter = Reporter("house", NOON)
    reporter.follow([event(wish("DEMAND"), count=1)], NOON)
    for power in (1000.0, None, None):
        reporter.look(NOON, Measured(power=power))
    assert told(reporter, QUARTER) == [[(10, "MISSING")]]
    for _ in range(3):
        reporter.look(NOON, Measured(power=1000.0))
    assert told(reporter, QUARTER) == [[(10, 1.0)]]


def test_what_was_due_before_it_began_and_what_is_long_ago_is_not_reported() -> None:
    each = event(wish(startInterval=0, numIntervals=1, frequency=1, repeat=-1))
    assert told(watching(each, until=0, begun=NOON + 2 * QUARTER), 4 * QUARTER) == [
        [(12, "MISSING")],
        [(13, "MISSING")],
    ]
    assert told(watching(each, until=0), 4 * QUARTER + 86400.0) == []


def test_a_report_at_any_time_is_one_of_now_and_only_when_events_were_read() -> None:
    reporter = watching(event(wish(frequency=0), count=2), until=QUARTER)
    assert reporter.due(NOON + 60, Version.V3_0) == []
    for _ in range(2):
        (report,) = reporter.due(NOON + 60, Version.V3_0, any_time=True)
        assert [row["id"] for row in report.body["resources"][0]["intervals"]] == [10]
        reporter.done(report)
    assert reporter.due(NOON + 2 * QUARTER, Version.V3_0, any_time=True) == []


def test_an_interval_without_an_end_has_no_duration() -> None:
    endless = event(wish(frequency=0), count=1)
    endless["intervalPeriod"]["duration"] = "P9999Y"
    (report,) = watching(endless, until=QUARTER).due(NOON + QUARTER, Version.V3_0, any_time=True)
    (row,) = report.body["resources"][0]["intervals"]
    assert row == {"id": 10, "payloads": [{"type": "STORAGE_CHARGE_LEVEL", "values": [52.0]}]}


def test_an_event_without_intervals_is_reported_on_by_its_period() -> None:
    only = event(wish(repeat=-1), intervals=None)
    reporter = watching(only, until=2 * QUARTER)
    assert told(reporter, 2 * QUARTER) == [[(0, 52.0)], [(1, 55.0)]]
    # Weeks later it goes on where it is.
    later = 30 * 86400.0
    reporter = Reporter("house", NOON + later - QUARTER)
    reporter.follow([only], NOON + later)
    assert told(reporter, later) == [[(2879, "MISSING")]]


def test_what_comes_round_is_reported_round_by_round() -> None:
    round_about = event(wish(repeat=-1), count=2, duration="P9999Y")
    reporter = watching(round_about, until=4 * QUARTER)
    reporter.follow([round_about], NOON + 4 * QUARTER)
    # Of those that are over only the last is still here.
    assert told(reporter, 4 * QUARTER) == [[(10, 58.0), (11, 61.0)]]
    assert told(watching(round_about, until=3 * QUARTER), 3 * QUARTER) == [[(10, 52.0), (11, 55.0)]]


def test_reading_again_forgets_nothing_and_a_cancelled_event_is_not_reported_on() -> None:
    wanted = event(wish(startInterval=0, numIntervals=1, frequency=1, repeat=-1))
    reporter = watching(wanted, until=QUARTER)
    (report,) = reporter.due(NOON + QUARTER, Version.V3_0)
    reporter.done(report)
    reporter.follow([wanted], NOON + QUARTER)
    assert reporter.due(NOON + QUARTER, Version.V3_0) == []
    reporter.follow([], NOON + QUARTER)
    assert reporter.due(NOON + 4 * QUARTER, Version.V3_0) == []


def test_not_all_are_made_at_once() -> None:
    many = event(wish(startInterval=0, numIntervals=1, frequency=1, repeat=-1), count=20)
    reporter = watching(many, until=0)
    seen = []
    for _ in range(4):
        reports = reporter.due(NOON + 20 * QUARTER, Version.V3_0)
        assert len(reports) <= MOST_AT_ONCE
        for report in reports:
            seen.append(report.key)
            reporter.done(report)
    assert len(seen) == len(set(seen)) == 20


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (event(wish("USAGE")), "USAGE is not reported"),
        (event(wish("DEMAND", units="HP")), "DEMAND is not reported in HP"),
        (event(wish("DEMAND", historical=False)), "DEMAND: no forecast is made"),
        (event(wish("DEMAND", repeat="often")), "no reports: "),
        (event(wish(), intervals=None, intervalPeriod=None), "no reports: there are no intervals"),
        (event("wish"), "no reports: "),
        (event(wish(), intervals=5), "no reports: "),
    ],
)
def test_what_is_not_reported_is_named_and_keeps_nothing_from_the_others(odd: Any, why: str) -> None:
    reporter = Reporter("house", NOON)
    found = reporter.follow([odd, "no event", event(id="silent"), event(wish(), count=1, id="sound")], NOON)
    assert [(name, reason.startswith(why)) for name, reason in found] == [("e-1", True)]
    assert [report.key[0] for report in reporter.due(NOON + QUARTER, Version.V3_0)] == ["sound"]


def test_no_programme_has_all_of_them_reported_on() -> None:
    reporter = Reporter("house", NOON)
    found = reporter.follow([event(wish(), id=f"e-{number}") for number in range(MOST_EVENTS + 2)], NOON)
    assert found == [(f"e-{MOST_EVENTS + more}", "too many events with reports") for more in range(2)]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["payloadType", "units", "startInterval", "numIntervals", "frequency", "repeat", "historical", "aggregate"]


@given(
    spoilt=st.dictionaries(
        st.sampled_from(["id", "intervals", "intervalPeriod", "duration", "reportDescriptors"]), JSON
    ),
    asked=st.dictionaries(st.sampled_from(KEYS), JSON),
)
def test_no_event_breaks_the_reports_of_the_others(spoilt: dict[str, Any], asked: dict[str, Any]) -> None:
    reporter = Reporter("house", NOON)
    reporter.follow(
        [event(wish(**{"payloadType": "DEMAND"} | asked)) | spoilt, event(wish(), id="sound", count=1)], NOON
    )
    reporter.look(NOON, Measured(soc=50.0))
    keys = set()
    for _ in range(3):
        for report in reporter.due(NOON + QUARTER, Version.V3_1, any_time=True):
            keys.add(report.key[0])
            reporter.done(report)
    assert "sound" in keys or spoilt.get("id") == "sound"
