"""Events of OpenADR 3 become leases where they can be understood, and say so where not."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.core.lease_times import Now
from custom_components.home_bms.core.leases import LeaseBook, add
from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.hw.openadr import (
    FOLLOWED,
    MOST_INTERVALS,
    Plan,
    Programme,
    descriptor_units,
    is_meant,
    plan,
)
from custom_components.home_bms.hw.openadr_times import EventError

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOW = NOON.timestamp()
HOUR = 3600.0
FLEX = Programme(owner="Flex")


def event(*payloads: Any, start: str = "2026-11-02T12:00:00Z", duration: str | None = "PT1H", **more: Any) -> Any:
    """Return an event of one interval."""
    period = {"start": start} | ({} if duration is None else {"duration": duration})
    return {
        "id": "event-1",
        "objectType": "EVENT",
        "createdDateTime": "2026-11-02T10:00:00Z",
        "programID": "44",
        "eventName": "Evening peak",
        "payloadDescriptors": [
            {"payloadType": kind, "units": unit}
            for kind, unit in (
                ("DISPATCH_SETPOINT", "KW"),
                ("CHARGE_STATE_SETPOINT", "PERCENT"),
                ("IMPORT_CAPACITY_LIMIT", "W"),
            )
        ],
        "intervalPeriod": period,
        "intervals": [{"id": 0, "payloads": [{"type": kind, "values": values} for kind, *values in payloads]}],
    } | more


def planned(*events: Any, later: float = 0.0, programme: Programme = FLEX) -> Plan:
    return plan(programme, list(events), NOW + later * HOUR)


def asked(found: Plan) -> dict[str, float]:
    (lease,) = found.leases
    fields = ("power", "charge_power", "discharge_power", "reserve", "charge_to")
    return {field: value for field in fields if (value := getattr(lease, field)) is not None}


@pytest.mark.parametrize(
    ("payload", "asks"),
    [
        (("DISPATCH_SETPOINT", 2.5), {"power": 2500}),
        (("DISPATCH_SETPOINT", -3), {"power": -3000}),
        (("CHARGE_STATE_SETPOINT", 90.0), {"charge_to": 90}),
        (("IMPORT_CAPACITY_LIMIT", 4600), {"charge_power": 4600}),
        (("SIMPLE", 2), {"charge_power": 0}),
        (("ALERT_GRID_EMERGENCY", "The grid may fail"), {"charge_power": 0}),
        (("ALERT_WIND",), {"reserve": 80, "charge_to": 80}),
        (("ALERT_POSSIBLE_OUTAGE", "Tonight"), {"reserve": 80, "charge_to": 80}),
    ],
)
def test_what_is_understood_becomes_a_lease(payload: Any, asks: dict[str, float]) -> None:
    found = planned(event(payload))
    assert asked(found) == asks
    assert found.ignored == ()
    (lease,) = found.leases
    assert (lease.owner, lease.name, lease.reason) == ("Flex", "event-1/0", "Evening peak")
    assert (lease.start, lease.end) == (NOW, NOW + HOUR)
    add(LeaseBook(), lease, Now(NOW))


def test_there_is_a_story_for_everything_that_is_followed() -> None:
    for kind in FOLLOWED:
        found = planned(event((kind, 1)))
        assert len(found.leases) == 1


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        pytest.param(event(("DISPATCH_SETPOINT", 1), payloadDescriptors=None), "unit is None", id="no unit"),
        pytest.param(
            event(
                ("CHARGE_STATE_SETPOINT", 5),
                payloadDescriptors=[{"payloadType": "CHARGE_STATE_SETPOINT", "units": "KWH"}],
            ),
            "unit is KWH",
            id="another unit",
        ),
        pytest.param(event(("DISPATCH_SETPOINT", "much")), "no number", id="no number"),
        pytest.param(event(("DISPATCH_SETPOINT", True)), "no number", id="a truth"),
        pytest.param(event(("DISPATCH_SETPOINT", float("nan"))), "no number", id="not a number"),
        pytest.param(event(("SIMPLE",)), "no number", id="no value"),
        pytest.param(event(("EXPORT_CAPACITY_LIMIT", 0)), "EXPORT_CAPACITY_LIMIT is not followed", id="not followed"),
        pytest.param(event(("SIMPLE", 1), duration="an hour"), "no duration", id="no duration"),
        pytest.param(event(("SIMPLE", 1), start="soon"), "soon", id="no time"),
        pytest.param(event(("SIMPLE", 1), intervalPeriod=None), "no start", id="no start"),
        pytest.param(event(("SIMPLE", 1), intervals=None), "None", id="no intervals"),
        pytest.param(event(("SIMPLE", 1), priority="high"), "high", id="no priority"),
        pytest.param("nonsense", "no attribute", id="no event"),
    ],
)
def test_what_is_not_understood_is_named_and_keeps_nothing_from_the_others(odd: Any, why: str) -> None:
    sound = event(("SIMPLE", 1), id="sound")
    found = planned(odd, sound)
    assert [lease.name for lease in found.leases] == ["sound/0"]
    ((name, told),) = found.ignored
    assert name == (odd["id"] if isinstance(odd, dict) else "")
    assert why in told


def test_a_level_of_zero_is_normal_operation() -> None:
    found = planned(event(("SIMPLE", 0)))
    assert (found.leases, found.ignored) == ((), ())


def test_the_price_of_now_is_told() -> None:
    prices = event(
        intervals=[
            {"id": number, "payloads": [{"type": "PRICE", "values": [price]}]}
            for number, price in enumerate((0.17, 0.31))
        ]
    )
    found = planned(prices)
    assert [found.price_at(NOW + later * HOUR) for later in (0, 1.5, 2)] == [0.17, 0.31, None]
    assert planned(prices, later=1.5).price_at(NOW + 1.5 * HOUR) == 0.31


def test_intervals_follow_each_other_unless_they_have_a_time_of_their_own() -> None:
    found = planned(
        event(
            intervals=[
                {"id": 7, "payloads": [{"type": "DISPATCH_SETPOINT", "values": [1]}]},
                {
                    "id": 8,
                    "intervalPeriod": {"duration": "PT30M"},
                    "payloads": [{"type": "DISPATCH_SETPOINT", "values": [2]}],
                },
                {
                    "id": 9,
                    "intervalPeriod": {"start": "2026-11-02T18:00:00+01:00"},
                    "payloads": [{"type": "DISPATCH_SETPOINT", "values": [3]}],
                },
            ]
        )
    )
    rows = [(lease.name, (lease.start - NOW) / HOUR, (lease.end - NOW) / HOUR, lease.power) for lease in found.leases]
    assert rows == [("event-1/7", 0, 1, 1000), ("event-1/8", 1, 1.5, 2000), ("event-1/9", 5, 6, 3000)]


@pytest.mark.parametrize("duration", ["P9999Y", "PT0S", None])
def test_what_has_no_end_lasts_a_day_beyond_the_last_reading(duration: str | None) -> None:
    for later in (0.0, 100.0, 1000.0):
        (lease,) = planned(event(("SIMPLE", 1), duration=duration), later=later).leases
        now = NOW + later * HOUR
        assert now + 24 * HOUR <= lease.end <= now + 25 * HOUR
        add(LeaseBook(), lease, Now(now))


def test_reading_it_again_within_the_hour_changes_nothing_but_when_it_was_made() -> None:
    endless = event(("SIMPLE", 1), duration="P9999Y", start="2026-10-01T00:00:00Z")
    book = LeaseBook()
    for minutes in (0, 1, 59):
        (lease,) = planned(endless, later=minutes / 60).leases
        before, book = book, add(book, lease, Now(NOW + minutes * 60))
        assert minutes == 0 or book == before


def test_what_is_endless_in_itself_is_read_up_to_a_point() -> None:
    endless = [{"id": number, "payloads": [{"type": "SIMPLE", "values": [1]}]} for number in range(1500)]
    found = planned(event(intervals=endless, duration="PT1S"))
    assert len(found.leases) + len(found.ignored) == 1000


def test_what_is_over_or_far_off_is_no_lease() -> None:
    assert planned(event(("SIMPLE", 1)), later=1.0).leases == ()
    assert planned(event(("SIMPLE", 1)), later=-24.0).leases == ()
    assert len(planned(event(("SIMPLE", 1)), later=-23.9).leases) == 1


def test_the_year_one_is_now_and_stays_the_same_now() -> None:
    at_once = event(("SIMPLE", 1), start="0001-01-01T00:00:00Z", duration="PT3H")
    (lease,) = planned(at_once).leases
    assert lease.start == NOW - 2 * HOUR
    (lease,) = planned(at_once | {"createdDateTime": None}).leases
    assert lease.start == NOW


def test_a_start_that_may_vary_does_so_the_same_way_each_time_and_within_what_is_said() -> None:
    starts = set()
    for number in range(50):
        varied = event(("SIMPLE", 1), id=f"event-{number}")
        varied["intervalPeriod"]["randomizeStart"] = "PT10M"
        (lease,) = planned(varied).leases
        assert planned(varied).leases == (lease,)
        assert NOW <= lease.start <= NOW + 600
        starts.add(lease.start)
    assert len(starts) > 40


@pytest.mark.parametrize(("own", "priority"), [(None, 60), (0, 69), (1, 68), (9, 60), (50, 60)])
def test_the_lower_number_is_the_higher_priority(own: int | None, priority: int) -> None:
    (lease,) = planned(event(("SIMPLE", 1), priority=own)).leases
    assert lease.priority == priority
    (lease,) = planned(event(("SIMPLE", 1), priority=own), programme=Programme(owner="Flex", priority=95)).leases
    assert lease.priority <= 100


def test_no_programme_takes_all_leases_there_are() -> None:
    many = [
        event(("SIMPLE", 1), id=f"event-{number:02}", start=(NOON + timedelta(minutes=number)).isoformat())
        for number in reversed(range(MOST_INTERVALS + 3))
    ]
    found = planned(*many)
    assert [lease.name for lease in found.leases] == [f"event-{number:02}/0" for number in range(MOST_INTERVALS)]
    assert {why for _, why in found.ignored} == {"too many at once"}


@pytest.mark.parametrize("events", [None, "events", {"id": "1"}, 5])
def test_what_is_no_list_of_events_is_refused(events: object) -> None:
    with pytest.raises(EventError):
        plan(FLEX, events, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    spoilt=st.dictionaries(
        st.sampled_from(["id", "intervalPeriod", "intervals", "payloadDescriptors", "priority", "eventName"]), JSON
    ),
    payload=st.tuples(st.sampled_from(sorted(FOLLOWED)), JSON),
)
def test_no_event_breaks_the_reading_of_the_others(spoilt: dict[str, Any], payload: tuple[str, Any]) -> None:
    found = planned(event(payload) | spoilt, event(("SIMPLE", 1), id="sound"))
    assert "sound/0" in [lease.name for lease in found.leases]
    for lease in found.leases:
        # What cannot be is for the book to refuse.
        with suppress(ConfigError):
            add(LeaseBook(), lease, Now(NOW))


# What the versions brought, and what a link of home_bms's own knows beside the events.


def test_a_percentage_is_a_number_from_zero_to_one_since_3_1() -> None:
    for told, percent in ((0.9, 90), (1, 100), (0, 0), (90, 90), (1.5, 1.5)):
        assert asked(planned(event(("CHARGE_STATE_SETPOINT", told)))) == {"charge_to": percent}


def test_a_programme_that_may_only_limit_neither_charges_nor_discharges() -> None:
    limits = Programme(owner="Flex", setpoints=False)
    for payload in (("DISPATCH_SETPOINT", 2), ("CHARGE_STATE_SETPOINT", 90)):
        found = planned(event(payload), programme=limits)
        assert found.leases == ()
        assert found.ignored == (("event-1", f"{payload[0]}: no set-points are permitted"),)
    # Of a storm it keeps what there is, and of the rest all.
    assert asked(planned(event(("ALERT_WIND",)), programme=limits)) == {"reserve": 80}
    assert asked(planned(event(("IMPORT_CAPACITY_LIMIT", 4600)), programme=limits)) == {"charge_power": 4600}


def test_an_event_without_units_has_those_of_its_programme_and_its_own_come_first() -> None:
    watts = Programme(owner="Flex", units={"DISPATCH_SETPOINT": "W"})
    bare = event(("DISPATCH_SETPOINT", 2), payloadDescriptors=None)
    assert asked(planned(bare, programme=watts)) == {"power": 2}
    assert asked(planned(event(("DISPATCH_SETPOINT", 2)), programme=watts)) == {"power": 2000}


@pytest.mark.parametrize(
    ("targets", "followed"),
    [
        (None, True),
        ([], True),
        (["us"], True),
        (["others", "us"], True),
        (["others"], False),
        ([{"type": "VEN_NAME", "values": ["us"]}], True),
        ([{"type": "GROUP", "values": ["others"]}], False),
        ([{"type": "GROUP"}], False),
        ([{"type": "VEN_NAME", "values": True}], False),
        ([{"type": "VEN_NAME", "values": "us"}], False),
        ("us", False),
        (5, False),
    ],
)
def test_what_is_meant_for_others_is_not_followed(targets: Any, followed: bool) -> None:
    ours = Programme(owner="Flex", names=frozenset({"us"}))
    found = planned(event(("SIMPLE", 1), targets=targets), programme=ours)
    assert bool(found.leases) is followed
    assert followed or found.ignored == (("event-1", "is meant for others"),)
    # Who hands events over without a name has chosen them already.
    assert planned(event(("SIMPLE", 1), targets=targets)).leases
    assert not is_meant(ours, "no event")


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "0001-01-01", "0000-00-00"])
def test_an_event_without_time_at_the_beginning_of_time_is_cancelled(start: str) -> None:
    found = planned(event(("SIMPLE", 1), start=start, duration="PT0S"))
    assert found.leases == ()
    assert found.ignored == (("event-1", "cancelled"),)
    (lease,) = planned(event(("SIMPLE", 1), start=start, duration="P9999Y")).leases
    assert lease.start == NOW - 2 * HOUR


@pytest.mark.parametrize("spread", ["PT0S", "P0S"])
def test_a_start_that_may_vary_by_nothing_does_not(spread: str) -> None:
    varied = event(("SIMPLE", 1))
    varied["intervalPeriod"]["randomizeStart"] = spread
    assert planned(varied).leases[0].start == NOW


def test_several_values_hold_in_turn() -> None:
    found = planned(event(("DISPATCH_SETPOINT", 1, 2, 4), duration="PT3H"))
    rows = [(lease.name, (lease.start - NOW) / HOUR, (lease.end - NOW) / HOUR, lease.power) for lease in found.leases]
    assert rows == [("event-1/0.1", 0, 1, 1000), ("event-1/0.2", 1, 2, 2000), ("event-1/0.3", 2, 3, 4000)]
    # What is not followed divides nothing, and what has no end cannot be divided.
    assert [lease.name for lease in planned(event(("CURVE", 1, 2, 3), ("SIMPLE", 1))).leases] == ["event-1/0"]
    assert planned(event(("SIMPLE", 1, 2), duration=None)).ignored == (("event-1", "several values and no end"),)
    assert planned(event(("SIMPLE", *([1] * 1001)))).ignored == (("event-1", "too many values"),)


def hours_of(found: Plan) -> list[tuple[str, float, float]]:
    return [(lease.name, (lease.start - NOW) / HOUR, (lease.end - NOW) / HOUR) for lease in found.leases]


def day(**more: Any) -> Any:
    """Return an event of two intervals of three hours."""
    payloads = [{"type": "SIMPLE", "values": [1]}]
    return event(duration="PT3H", intervals=[{"id": number, "payloads": payloads} for number in (4, 5)], **more)


def test_an_event_lasts_as_long_as_it_says_of_itself() -> None:
    assert hours_of(planned(day() | {"duration": "PT5H"})) == [("event-1/4", 0, 3), ("event-1/5", 3, 5)]
    assert hours_of(planned(day() | {"duration": "PT2H"})) == [("event-1/4", 0, 2)]
    # That is what a server puts where none was given.
    assert hours_of(planned(day() | {"duration": "PT0S"})) == hours_of(planned(day()))
    assert planned(day() | {"duration": "soon"}).ignored == (("event-1", "soon is no duration"),)
    (lease,) = planned(event(("SIMPLE", 1), duration="P9999Y") | {"duration": "PT4H"}).leases
    assert lease.end == NOW + 4 * HOUR


def test_an_event_comes_round_as_long_as_it_says_of_itself() -> None:
    round_about = day() | {"duration": "P9999Y"}
    found = hours_of(planned(round_about, later=13))
    assert found[:3] == [("event-1/4+2", 12, 15), ("event-1/5+2", 15, 18), ("event-1/4+3", 18, 21)]
    assert hours_of(planned(round_about, later=14))[:2] == found[:2]
    assert hours_of(planned(day() | {"duration": "PT8H"}, later=7)) == [("event-1/4+1", 6, 8)]
    assert planned(day() | {"duration": "PT8H"}, later=8).leases == ()


def test_one_that_comes_round_each_second_takes_no_more_than_others() -> None:
    payloads = [{"type": "SIMPLE", "values": [1]}]
    often = event(duration="PT1S", intervals=[{"id": 0, "payloads": payloads}]) | {"duration": "P9999Y"}
    found = planned(often, later=5)
    assert len(found.leases) == MOST_INTERVALS
    assert found.leases[0].start == NOW + 5 * HOUR


def test_an_event_that_only_wants_reports_is_no_trouble() -> None:
    only = event() | {"reportDescriptors": [{"payloadType": "STORAGE_CHARGE_LEVEL"}], "intervals": None}
    assert (planned(only).leases, planned(only).ignored) == ((), ())


@pytest.mark.parametrize("rows", [5, "PRICE", [5], [None], {"payloadType": "SIMPLE"}])
def test_what_describes_no_payloads_gives_no_units(rows: Any) -> None:
    assert descriptor_units({"payloadDescriptors": rows}) == {}


def test_half_a_character_and_a_long_reason_are_told_as_files_and_browsers_take_them() -> None:
    odd = event(("DISPATCH_SETPOINT", "x" * 5000), id="odd\ud800")
    found = planned(odd, event(("SIMPLE", 1), id="1\ud800", eventName="storm\ud800"))
    assert found.leases[0].reason == "storm?"
    assert found.leases[0].name.startswith("1?/")
    ((name, why),) = found.ignored
    assert name == "odd?"
    assert len(why) == 200
