"""What a device or a person calls something is never read as markup: not in a repair, a form, a notice or a list."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from homeassistant.components import persistent_notification
from homeassistant.components.repairs import ConfirmRepairFlow
from homeassistant.components.todo import DOMAIN as TODO
from homeassistant.components.todo import TodoServices
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowHandler
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from hypothesis import given
from hypothesis import strategies as st

import custom_components.home_bms as integration
from custom_components.home_bms.commissioning.report import async_write_report
from custom_components.home_bms.const import DOMAIN
from custom_components.home_bms.flow.harmless import HarmlessFlow
from custom_components.home_bms.harmless import UNSEEN, Markdown, all_harmless, harmless
from custom_components.home_bms.repairs import async_create_fix_flow
from custom_components.home_bms.reports.request import async_report_of_last_month
from custom_components.home_bms.watching import Link

from .conftest import PACK_ID, ScriptedDriver, make_entry, pack_subentry, set_up, until
from .report_reader import Reader
from .test_services import answer, device_id

FOLDER = Path(integration.__path__[0])
NASTY = "<img src=x onerror=alert(1)> [a](javascript:alert(2)) ![b](https://spy.example/c.png) `d`\u202egnp.txt\x1b[31m"
TAME = (
    "‹img src=x onerror=alert(1)› (a)(javascript:alert(2)) !(b)(https://spy.example/c.png) 'd'\ufffdgnp.txt\ufffd(31m"
)
MARKS = set("<>[]`")


def tame(text: object) -> bool:
    return not MARKS & set(str(text)) and not UNSEEN.search(str(text))


def modules() -> list[Path]:
    return sorted(FOLDER.rglob("*.py"))


def test_marks_become_letters_that_are_none() -> None:
    assert harmless(NASTY) == TAME
    assert all_harmless({"name": NASTY, "count": "3"}) == {"name": TAME, "count": "3"}


def test_what_home_bms_itself_writes_stays_markup() -> None:
    told = harmless(Markdown("<a>x</a>"))
    assert told == "<a>x</a>"
    assert type(told) is str


@given(st.text())
def test_nothing_that_could_be_an_element_or_a_link_is_left(text: str) -> None:
    told = harmless(text)
    assert tame(told)
    assert harmless(told) == told
    assert len(told) == len(text)


@given(st.text(st.characters(categories=["L", "N", "Zs"])))
def test_a_common_name_is_left_alone(text: str) -> None:
    assert harmless(text) == text


def test_no_repair_is_raised_with_raw_words() -> None:
    """They are raised in one place, which lets none through."""
    raised = [
        (path.name, [ast.unparse(each.value) for each in node.keywords if each.arg == "translation_placeholders"])
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("async_create_issue")
    ]
    assert raised == [("repair_issues.py", ["all_harmless(shown)"])]


def test_every_flow_shows_only_harmless_words() -> None:
    for found in pkgutil.walk_packages(integration.__path__, f"{integration.__name__}."):
        if not found.name.endswith(".__main__"):
            importlib.import_module(found.name)

    def kinds(base: type) -> set[type]:
        return {base}.union(*(kinds(each) for each in base.__subclasses__()))

    flows = {each for each in kinds(FlowHandler) if each.__module__.startswith(integration.__name__)}
    # A nod shows the words of its issue, which are harmless.
    assert {each.__name__ for each in flows if not issubclass(each, (HarmlessFlow, ConfirmRepairFlow))} == set()
    for name in ("async_show_form", "async_show_menu", "async_abort"):
        for flow in flows:
            first = next(base for base in flow.__mro__ if name in vars(base))
            if issubclass(flow, HarmlessFlow):
                assert first is HarmlessFlow, f"{flow.__name__}.{name} is {first.__name__}'s"


@pytest.fixture
def platforms() -> list[Platform]:
    return [Platform.TODO, Platform.BUTTON]


async def test_another_pack_cannot_put_a_link_into_the_repair_that_names_it(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    entry = make_entry(hass, pack_subentry(title=NASTY))
    await set_up(hass, entry)
    driver.identity = ScriptedDriver(NASTY).identity
    await until(lambda: entry.runtime_data.packs[PACK_ID].statistics.link is Link.FOREIGN)
    issue_id = f"identity_changed_{PACK_ID}"
    await until(lambda: (DOMAIN, issue_id) in ir.async_get(hass).issues)
    issue = ir.async_get(hass).issues[DOMAIN, issue_id]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["name"] == issue.translation_placeholders["error"] == TAME
    # Who it is stays exact where it is compared.
    assert issue.data is not None
    assert issue.data["error"] == NASTY
    flow = await async_create_fix_flow(hass, issue_id, issue.data)
    flow.hass, flow.flow_id, flow.handler = hass, "one", DOMAIN
    shown: Any = await flow.async_step_init()  # type: ignore[attr-defined]
    assert shown["description_placeholders"] == {"name": TAME, "error": TAME}


async def test_reports_of_a_pack_with_such_a_name_have_no_element_of_its_making(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path)
    driver.identity = replace(ScriptedDriver(NASTY).identity, manufacturer=NASTY, model=NASTY, firmware=NASTY)
    entry = make_entry(hass, pack_subentry(title=NASTY, serial_number=NASTY))
    await set_up(hass, entry)
    pack = entry.runtime_data.packs[PACK_ID]
    today = dt_util.now().date().isoformat()
    told = await answer(hass, "report", PACK_ID, date=today, serial_numbers=True)
    await pack.commissioning.async_begin(NASTY)
    await pack.commissioning.async_skip_rest()
    assert await async_write_report(hass, pack, entry.runtime_data) is not None
    papers = list((tmp_path / "home_bms" / "reports").iterdir())
    assert {paper.name.partition("_")[0] for paper in papers} == {"report", "commissioning"}
    assert tmp_path / "home_bms" / "reports" / told["name"] in papers
    for paper in papers:
        assert re.fullmatch(r"[a-z0-9_.-]+", paper.name)
        read = Reader(await hass.async_add_executor_job(paper.read_text))
        assert any("<img src=x onerror=alert(1)> [a](javascript:alert(2))" in text for text in read.texts)
        assert not read.tags() & {"img", "script", "a", "iframe", "form", "link"}
        assert not [name for _, given in read.elements for name in given if name.startswith("on")]


async def test_a_notice_names_its_pack_harmlessly(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path / "[a](b)")
    entry = make_entry(hass, pack_subentry(title=NASTY))
    await set_up(hass, entry)
    await async_report_of_last_month(hass, entry)
    (notice,) = persistent_notification._async_get_or_create_notifications(hass).values()
    assert "(a)(b)" in notice["message"]
    assert tame(notice["message"])


async def test_the_list_of_inspections_reads_no_note_as_markup(
    hass: HomeAssistant, driver: ScriptedDriver, scripted: None
) -> None:
    assert await async_setup_component(hass, TODO, {})
    await set_up(hass, make_entry(hass, pack_subentry(title=NASTY)))
    keeper = hass.config_entries.async_entries(DOMAIN)[0].runtime_data.inspections
    (entity,) = hass.states.async_entity_ids(TODO)
    done = {"device_id": device_id(hass, PACK_ID), "item": keeper.items[0].row.key, "note": NASTY}
    await hass.services.async_call(DOMAIN, "inspection_done", done, blocking=True)
    told: Any = await hass.services.async_call(
        TODO, TodoServices.GET_ITEMS, {"status": ["needs_action", "completed"]}, target={"entity_id": entity},
        blocking=True, return_response=True,
    )  # fmt: skip
    said = [item["description"] for item in told[entity]["items"] if "description" in item]
    assert TAME in said
    assert all(map(tame, said))
