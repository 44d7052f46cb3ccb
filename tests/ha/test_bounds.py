"""What is handed in is bounded and refused in words; what is handed out is a file of its own folder and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import probatio as vol
import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from hypothesis import given
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator
from yarl import URL

from custom_components.home_bms.black_boxes import URL as BOXES
from custom_components.home_bms.coordinator import PackCoordinator
from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.documents import DEEPEST, document, plain
from custom_components.home_bms.history.export_folder import URL as EXPORTS
from custom_components.home_bms.kept_files import write_whole
from custom_components.home_bms.packs.actions import PACK_MOST
from custom_components.home_bms.reports.files import URL as REPORTS
from custom_components.home_bms.services import LEARNED_MOST
from custom_components.home_bms.web.schema import COMMANDS

from .conftest import ENTRY_ID, PACK_ID
from .lessons import teach
from .test_services import answer, call

BOX = "2026-11-26T10-00-00Z_cell_overvoltage_trip.jsonl.gz"
PAPER = "report_a_2026-10-01.html"
EXPORT = "pack_1_20261001T000000Z_20261101T000000Z_hour.csv"
# Where each view keeps its files, below home_bms, and a name that it would hand out.
VIEWS = {
    BOXES: (f"{ENTRY_ID}/{PACK_ID}", f"/{PACK_ID}", BOX),
    EXPORTS: ("exports", "", EXPORT),
    REPORTS: ("reports", "", PAPER),
}
SECRET = "canary-of-another-folder"


@pytest.fixture(autouse=True)
def apart(hass: HomeAssistant, tmp_path: Path) -> None:
    """Keep the files apart from other tests'."""
    hass.config.config_dir = str(tmp_path)


# What is handed out


ODD: list[Callable[[str], str]] = [
    lambda name: f"../{name}",
    lambda name: f"..%2F{name}",
    lambda name: f"%2e%2e/{name}",
    lambda name: f"%2e%2e%2f{name}",
    lambda name: f"%252e%252e%252f{name}",
    lambda name: f"..%5C{name}",
    lambda name: f"%2F{name}",
    lambda name: f"%2Fetc%2F{name}",
    lambda name: f"{name}%00",
    lambda name: f"{name}%00.html",
    lambda name: f"{name}%0A",
    lambda name: f"{name}%2F",
    lambda name: f".{name}",
    lambda name: name.upper(),
    lambda name: f"{name}.tmp",
    lambda name: "a" * 5000 + name,
    lambda name: "%F0%9F%94%8B" + name,
]


@pytest.mark.parametrize("view", list(VIEWS))
@pytest.mark.parametrize("odd", range(len(ODD)))
async def test_no_name_leads_out_of_the_folder(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    tmp_path: Path,
    view: str,
    odd: int,
) -> None:
    place, path, name = VIEWS[view]
    folder = tmp_path / "home_bms" / place
    folder.mkdir(parents=True)
    for outside in (folder.parent, tmp_path, tmp_path / "home_bms"):
        (outside / name).write_text(SECRET)
    (folder / f"{name}.tmp").write_text(SECRET)
    client = await hass_client()
    response = await client.get(URL(f"{view}{path}/{ODD[odd](name)}", encoded=True), allow_redirects=False)
    assert response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
    assert SECRET not in await response.text()


@pytest.mark.parametrize("view", list(VIEWS))
async def test_a_link_in_the_folder_hands_out_nothing(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    entry: MockConfigEntry,
    pack: PackCoordinator,
    tmp_path: Path,
    view: str,
) -> None:
    place, path, name = VIEWS[view]
    folder = tmp_path / "home_bms" / place
    folder.mkdir(parents=True)
    (tmp_path / "secrets.yaml").write_text(SECRET)
    (folder / name).write_text("mine")
    client = await hass_client()
    assert await (await client.get(f"{view}{path}/{name}")).text() == "mine"
    (folder / name).unlink()
    (folder / name).symlink_to(tmp_path / "secrets.yaml")
    response = await client.get(f"{view}{path}/{name}")
    assert response.status == HTTPStatus.NOT_FOUND
    assert name not in await (await client.get(view)).text()


def test_a_link_in_place_of_a_file_that_is_being_written_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "a.tmp").symlink_to(tmp_path / "mine")
    write_whole(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "mine").read_text() == "mine"


# What is handed in


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        pytest.param("learned", {"a": "x" * LEARNED_MOST}, "document_too_large", id="a long text"),
        pytest.param("learned", {"a": [0.0] * LEARNED_MOST}, "document_too_large", id="a long list"),
        pytest.param("learned", {str(number): 0 for number in range(LEARNED_MOST)}, "document_too_large", id="keys"),
        pytest.param("learned", {"a": deep(DEEPEST)}, "document_too_deep", id="deep"),
        pytest.param("learned", {"a": deep(100_000)}, "document_too_deep", id="very deep"),
        pytest.param("pack", {"a": "x" * PACK_MOST}, "document_too_large", id="a long configuration"),
        pytest.param("pack", {"data": {"dbc": deep(DEEPEST)}}, "document_too_deep", id="a deep configuration"),
    ],
)
async def test_a_document_that_is_too_large_is_refused_with_what_it_may_be(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, field: str, value: Any, key: str
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, f"import_{field}", **{field: value})
    assert refused.value.translation_key == key
    assert refused.value.translation_placeholders is not None
    assert refused.value.translation_placeholders["field"] == field
    assert int(refused.value.translation_placeholders["maximum"]) > 0
    assert len(str(refused.value)) < 300


def test_a_document_that_is_made_of_itself_is_refused_in_time() -> None:
    value: Any = ["x"] * 10
    for _ in range(20):
        value = [value] * 10
    with pytest.raises(ConfigError, match="document_too_large"):
        document("pack", value, most=PACK_MOST)
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ConfigError, match="document_too_deep"):
        document("pack", endless, most=PACK_MOST)


async def test_what_is_exported_can_be_imported_with_room_to_spare(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator
) -> None:
    teach(pack)
    learned = (await answer(hass, "export_learned"))["learned"]
    # Of 16 cells here; the largest pack that there can be has 400.
    assert document("learned", learned, most=LEARNED_MOST // (400 // 16)) == learned
    exported = (await answer(hass, "export_pack", addresses=True))["pack"]
    assert document("pack", exported, most=PACK_MOST // 100) == exported


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=3), children, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_a_document_within_bounds_comes_through_as_it_is(value: Any) -> None:
    assert document("pack", value, most=PACK_MOST) == plain(value) == value
    assert len(json.dumps(value)) < PACK_MOST


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"host": "h" * 256}, "too_long"),
        ({"serial_number": "s" * 101}, "too_long"),
        ({"model": "m" * 5000}, "too_long"),
        ({"type": ["t" * 5000]}, "import_kind"),
        ({"x" * 5000: 1}, "import_unknown"),
        ({"thresholds": {"x" * 5000: 1}}, "import_unknown"),
        ({"hardware_ring": {"cell_overvoltage": "9" * 5000}}, "import_kind"),
    ],
)
async def test_a_text_of_a_configuration_is_bounded_and_no_refusal_repeats_it(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, change: dict[str, Any], key: str
) -> None:
    told = (await answer(hass, "export_pack", addresses=True))["pack"]
    told["data"] = {**told["data"], **change}
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "import_pack", pack=told)
    assert refused.value.translation_key == key
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("what_if", {"limits": {f"limit_{number}": 1 for number in range(500)}, "black_box": "a"}),
        ("what_if", {"limits": {"charge_current": 1}, "black_box": "a" * 256}),
        ("inject_fault", {"fault": "f" * 65}),
        ("clear_faults", {"fault": "f" * 65}),
        ("replace_bms", {"serial_number": "s" * 101}),
        ("follow_openadr", {"programme": "p" * 500, "events": []}),
    ],
)
async def test_texts_of_actions_are_bounded(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, action: str, data: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await (answer if action == "what_if" else call)(hass, action, **data)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("request_power", {"owner": "o" * 65, "power": 1, "duration": 60}),
        ("request_power", {"owner": "o", "name": "n" * 65, "power": 1, "duration": 60}),
        ("hold_reserve", {"owner": "o", "reason": "r" * 201, "reserve": 1, "duration": 60}),
        ("inspection_done", {"item": "look", "note": "n" * 501}),
        ("inspection_done", {"item": "look", "unit": "u" * 17}),
    ],
)
async def test_texts_that_are_kept_are_bounded(
    hass: HomeAssistant, entry: MockConfigEntry, pack: PackCoordinator, action: str, data: dict[str, Any]
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, action, **data)
    assert refused.value.translation_key in ("out_of_range", "too_long")


async def test_texts_of_the_websocket_are_bounded(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, socket_enabled: None, entry: MockConfigEntry
) -> None:
    client = await hass_ws_client(hass)
    for number, command in enumerate(COMMANDS, 1):
        if not command.asks:
            continue
        await client.send_json({"id": number, "type": command.name, **dict.fromkeys(command.asks, "x" * 256)})
        answered = await client.receive_json()
        assert answered["error"]["code"] == "invalid_format", command.name
