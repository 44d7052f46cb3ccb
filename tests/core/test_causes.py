"""One root with its consequences instead of five alarms."""

from custom_components.home_bms.core.causes import CAUSES, explain, root
from custom_components.home_bms.core.model import Alarm, Flow, Level, Reason
from custom_components.home_bms.core.protection import PROTECTION_KEYS


def alarm(key: str, level: Level = Level.PROTECT) -> Alarm:
    return Alarm(key=key, level=level, flow=Flow.CHARGE, reason=Reason(rule=key))


def test_a_cell_that_runs_ahead_explains_the_full_pack() -> None:
    alarms = explain((alarm("pack_overvoltage"), alarm("cell_overvoltage"), alarm("cell_difference", Level.WARN)))
    assert {each.key: each.cause for each in alarms} == {
        "cell_overvoltage": "cell_difference",
        "pack_overvoltage": "cell_overvoltage",
        "cell_difference": None,
    }
    assert root(alarms[0], alarms).key == "cell_difference"


def test_an_alarm_alone_is_its_own_root() -> None:
    (alone,) = explain((alarm("pack_overvoltage"),))
    assert alone.cause is None
    assert root(alone, (alone,)) is alone


def test_the_gravest_comes_first_and_roots_before_what_follows() -> None:
    alarms = explain((alarm("data_missing"), alarm("communication_lost"), alarm("cell_overvoltage", Level.TRIP)))
    assert [each.key for each in alarms] == ["cell_overvoltage", "communication_lost", "data_missing"]


def test_a_cause_that_has_gone_leaves_the_chain_where_it_stands() -> None:
    (orphan,) = explain((alarm("data_missing"), alarm("communication_lost")))[1:]
    assert root(orphan, (orphan,)) is orphan


def test_the_table_names_protections_and_runs_in_no_circle() -> None:
    for key, causes in CAUSES.items():
        assert {key, *causes} <= set(PROTECTION_KEYS)
    every = explain(tuple(alarm(key) for key in PROTECTION_KEYS))
    for each in every:
        seen = set()
        while each.cause is not None:
            assert each.key not in seen, each.key
            seen.add(each.key)
            each = next(other for other in every if other.key == each.cause)
