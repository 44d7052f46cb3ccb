"""What hassfest, HACS and this project's own readers expect of the files, held without their tools."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import struct
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import homeassistant
import pytest
import yaml
from awesomeversion import AwesomeVersion
from homeassistant.loader import Manifest

from custom_components.home_bms.services import ACTIONS

ROOT: Final = Path(__file__).parent.parent
INTEGRATION: Final = ROOT / "custom_components" / "home_bms"
DOMAIN: Final = INTEGRATION.name
TRANSLATIONS: Final = sorted((INTEGRATION / "translations").glob("*.json"))

MANIFEST: Final = json.loads((INTEGRATION / "manifest.json").read_text())
ENGLISH: Final = json.loads((INTEGRATION / "translations" / "en.json").read_text())
ICONS: Final = json.loads((INTEGRATION / "icons.json").read_text())
SERVICES: Final = yaml.safe_load((INTEGRATION / "services.yaml").read_text())


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Walk a tree of dicts down to its texts."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, tree


# --- manifest.json and hacs.json -------------------------------------------------------------------------------------


def test_manifest_has_what_home_assistant_and_hacs_require() -> None:
    assert MANIFEST["domain"] == DOMAIN
    for key in ("name", "codeowners", "documentation", "issue_tracker", "version", "iot_class", "integration_type"):
        assert MANIFEST[key], key
    assert AwesomeVersion(MANIFEST["version"]).valid
    assert MANIFEST["iot_class"] in {"local_polling", "local_push"}
    assert MANIFEST["integration_type"] in {"device", "hub", "service"}
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")
    assert not MANIFEST["documentation"].startswith("https://www.home-assistant.io/integrations")
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])


def test_manifest_keys_are_known_and_in_order() -> None:
    assert set(MANIFEST) <= set(Manifest.__annotations__)
    assert list(MANIFEST) == ["domain", "name", *sorted(set(MANIFEST) - {"domain", "name"})]


def test_manifest_pins_what_it_requires_itself() -> None:
    assert all("==" in requirement for requirement in MANIFEST["requirements"])


def test_hacs_file_has_only_keys_that_hacs_knows() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert hacs["name"] == MANIFEST["name"]
    # HACS knows five more; these are the ones that an integration in its own folder has a use for.
    assert set(hacs) <= {"name", "homeassistant", "render_readme", "country", "zip_release", "filename"}
    assert not hacs.get("zip_release") or hacs["filename"]


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == MANIFEST["version"]
    tested = project["dependencies"][0].removeprefix("homeassistant==")
    oldest = json.loads((ROOT / "hacs.json").read_text())["homeassistant"]
    assert AwesomeVersion(oldest) <= AwesomeVersion(tested)
    assert f"homeassistant=={tested}" in (ROOT / "requirements-dev.txt").read_text().splitlines()
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## \[(Unreleased|{re.escape(MANIFEST['version'])})\]", changes, re.MULTILINE)


# --- brand/ ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["", "dark_"])
@pytest.mark.parametrize(("scale", "factor"), [("", 1), ("@2x", 2)])
def test_brand_images_have_the_sizes_that_are_asked_for(theme: str, scale: str, factor: int) -> None:
    def size(name: str) -> tuple[int, int]:
        head = (INTEGRATION / "brand" / f"{theme}{name}{scale}.png").read_bytes()[:24]
        assert head.startswith(b"\x89PNG\r\n\x1a\n")
        return struct.unpack(">II", head[16:])

    assert size("icon") == (256 * factor, 256 * factor)
    assert 128 * factor <= min(size("logo")) <= 256 * factor


# --- translations, icons and actions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_texts_are_clean(path: Path) -> None:
    for keys, text in leaves(json.loads(path.read_text())):
        where = f"{path.name}: {'.'.join(keys)}"
        assert isinstance(text, str), where
        assert text, where
        assert text == text.strip(), where
        assert not re.search(r"<[a-zA-Z/]", text), f"{where}: HTML"
        assert not re.search(r"'\{\w+\}'", text), f"{where}: a placeholder in single quotes is not replaced"
        for key in keys:
            assert re.fullmatch(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?", key), f"{where}: {key}"


def test_there_is_a_second_language() -> None:
    assert len(TRANSLATIONS) >= 2


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda path: path.stem)
def test_every_language_says_the_same(path: Path) -> None:
    def placeholders(tree: Any) -> dict[tuple[str, ...], set[str]]:
        return {keys: set(re.findall(r"\{(\w+)\}", text)) for keys, text in leaves(tree)}

    assert placeholders(json.loads(path.read_text())) == placeholders(ENGLISH)


# What hassfest lets stand at each place of a translation file.
TOP_KEYS: Final = {
    *("config", "options", "config_subentries", "selector", "entity", "device", "issues", "exceptions"),
    *("services", "common", "system_health", "title"),
}
FLOW_KEYS: Final = {"step", "error", "abort", "progress", "create_entry", "flow_title", "initiate_flow", "entry_type"}
STEP_KEYS: Final = {
    *("title", "description", "data", "data_description", "sections", "submit"),
    *("menu_options", "menu_option_descriptions"),
}


def test_translations_have_the_shape_that_hassfest_checks() -> None:
    assert set(ENGLISH) <= TOP_KEYS
    subentries = ENGLISH["config_subentries"].values()
    assert all({"initiate_flow", "entry_type"} <= set(subentry) for subentry in subentries)
    for flow in (ENGLISH["config"], ENGLISH["options"], *subentries):
        assert set(flow) <= FLOW_KEYS
        for name, step in flow["step"].items():
            assert set(step) <= STEP_KEYS, name
            for form in (step, *step.get("sections", {}).values()):
                assert set(form.get("data_description", {})) <= set(form.get("data", {})), name
            assert set(step.get("menu_option_descriptions", {})) <= set(step.get("menu_options", {})), name
    for key, issue in ENGLISH.get("issues", {}).items():
        assert issue["title"], key
        assert ("description" in issue) != ("fix_flow" in issue), key
    for key, exception in ENGLISH.get("exceptions", {}).items():
        assert set(exception) == {"message"}, key


def test_every_entity_name_belongs_to_a_platform_and_has_no_stray_keys() -> None:
    for platform, entities in ENGLISH["entity"].items():
        assert (INTEGRATION / f"{platform}.py").exists(), platform
        for key, entity in entities.items():
            assert set(entity) <= {"name", "state", "state_attributes", "unit_of_measurement"}, f"{platform}.{key}"


def test_icons_belong_to_what_is_translated_and_say_something() -> None:
    for keys, icon in leaves(ICONS):
        # Ranges are keyed by numbers, everything ends in one of Home Assistant's own icons.
        assert icon.startswith("mdi:"), keys
    for platform, entities in ICONS.get("entity", {}).items():
        for key, entity in entities.items():
            assert key in ENGLISH["entity"][platform], f"{platform}.{key}"
            # A state that repeats the default says nothing.
            assert entity["default"] not in entity.get("state", {}).values(), f"{platform}.{key}"
    assert set(ICONS["services"]) == set(SERVICES)


def test_every_action_and_field_is_explained() -> None:
    assert set(ENGLISH["services"]) == set(SERVICES)
    for action, description in SERVICES.items():
        texts = ENGLISH["services"][action]
        assert texts["name"], action
        assert texts["description"], action
        fields = description.get("fields", {}) if description else {}
        assert set(texts.get("fields", {})) == set(fields), action
        for field, text in texts.get("fields", {}).items():
            assert {"name", "description"} <= set(text), f"{action}.{field}"


def test_every_choice_of_an_action_has_words() -> None:
    for action, description in SERVICES.items():
        for name, field in description["fields"].items():
            if (choice := field["selector"].get("select")) is None:
                continue
            words = ENGLISH["selector"][choice["translation_key"]]["options"]
            assert set(choice["options"]) == set(words), f"{action}.{name}"


def test_every_field_of_a_form_is_explained() -> None:
    flows = {**ENGLISH["config_subentries"], "config": ENGLISH["config"], "options": ENGLISH["options"]}
    forms = [(f"{name}.{key}", step) for name, flow in flows.items() for key, step in flow["step"].items()]
    assert len(forms) > 50
    for where, step in forms:
        assert set(step.get("data", {})) == set(step.get("data_description", {})), where
        # The thresholds of one group mean the same in another direction, and are told together.
        for section in step.get("sections", {}).values():
            assert section.get("description") or set(section["data"]) == set(section["data_description"]), where


def translated(function: str, keyword: str) -> set[str]:
    """Return every constant given as `keyword` to a call whose name ends with `function`, in all files."""
    found = set()
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(function):
                found |= {
                    item.value.value
                    for item in node.keywords
                    if item.arg == keyword and isinstance(item.value, ast.Constant)
                }
    return found


ERRORS: Final = ("ServiceValidationError", "HomeAssistantError", "ConfigEntryError", "ConfigEntryNotReady")


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_that_is_raised_has_words(error: str) -> None:
    assert translated(error, "translation_key") <= set(ENGLISH["exceptions"])


def test_every_repair_that_is_raised_has_words() -> None:
    assert translated("async_raise", "translation_key") <= set(ENGLISH["issues"])


def test_config_flow_and_schema_exist_where_they_are_promised() -> None:
    assert MANIFEST["config_flow"]
    assert (INTEGRATION / "config_flow.py").exists()
    setup = (INTEGRATION / "__init__.py").read_text()
    assert "async def async_setup(" not in setup or "CONFIG_SCHEMA" in setup


# --- quality_scale.yaml ----------------------------------------------------------------------------------------------


def test_quality_scale_answers_every_rule_and_gives_reasons() -> None:
    model = yaml.safe_load(
        (Path(homeassistant.__file__).parent / "components/solaredge_modbus/quality_scale.yaml").read_text()
    )["rules"]
    rules = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text())["rules"]
    assert set(rules) == set(model)
    for rule, answer in rules.items():
        if answer in ("done", "todo"):
            continue
        assert answer["status"] in {"done", "todo", "exempt"}, rule
        assert answer["status"] != "exempt" or answer["comment"].strip(), rule


# --- every file ------------------------------------------------------------------------------------------------------


def files() -> list[Path]:
    """Return the files that are or would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


# Written so that this file does not contain what it looks for.
MACHINE: Final = re.compile(
    r"(?<![\w.])/(?:wor[k]|op[t]|roo[t]|tm[p]|User[s])/\w"
    r"|/hom[e]/[a-z]+/"
    r"|pyp[i]\.org|pythonhosted\.or[g]|registry\.npmj[s]|deb\.debia[n]\.org"
)


def test_no_file_names_the_machine_it_was_written_on_or_a_package_registry() -> None:
    seen = 0
    offences = []
    for path in files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        seen += 1
        offences += [f"{path.relative_to(ROOT)}: {match[0]}" for match in MACHINE.finditer(text)]
    assert seen > 30
    assert offences == []


def test_requirements_are_pinned_each_to_one_version() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    assert len(lines) > 100
    assert all(re.fullmatch(r"[a-z0-9._-]+(?:\[[a-z,]+\])?==[\w.+]+(?: ; .+)?", line) for line in lines)


def papers() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def anchors(paper: Path) -> set[str]:
    """Return what a link may name after `#`, as GitHub makes it of the headings."""
    headings = re.findall(r"^#+ (.+)$", paper.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_in_the_papers_lead_somewhere() -> None:
    local = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
    links = [(paper, *link) for paper in papers() for link in local.findall(paper.read_text())]
    assert sum(bool(anchor) for _, _, anchor in links) > 10
    astray = []
    for paper, link, anchor in links:
        target = paper.parent / link if link else paper
        if not target.exists() or (anchor and anchor not in anchors(target)):
            astray.append(f"{paper.name}: {link}#{anchor}")
    assert astray == []


# A file or folder of ours, as papers name it: by its whole path or the end of that, `<key>` and `*` for what varies.
NAMED: Final = re.compile(
    r"[\w./*-]*[\w*]\.(?:py|md|json|ya?ml|toml|txt|js|ts|dbc|html)|[\w./*-]*\w/|(?:scripts|tests|docs|blueprints)/[\w./*-]+"
)
MODULE: Final = re.compile(r"(?:scripts|tests)(?:\.\w+)+")
# Files of Home Assistant and of its users, and what examples call theirs.
FOREIGN: Final = {
    *("configuration.yaml", "secrets.yaml", "package_constraints.txt", "prometheus.yml", "home_bms/exports/"),
    *("file.json", "file.txt", "_truth.json"),
}


def named(text: str) -> Iterator[str]:
    """Give every path that a paper names, in its words and in its examples."""
    for code in re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL):
        for word in re.sub(r"<\w+>", "*", code).strip("`").split():
            if MODULE.fullmatch(word):
                yield f"{word.replace('.', '/')}*"
            elif NAMED.fullmatch(word):
                yield word


def test_files_that_the_papers_name_are_there() -> None:
    paths = [path.relative_to(ROOT) for path in files()]
    places = {*paths, *(folder for path in paths for folder in path.parents)}
    there = {"/".join(place.parts[first:]) for place in places for first in range(len(place.parts))}
    told = {(paper.name, name) for paper in papers() for name in named(paper.read_text())}
    assert len(told) > 100
    missing = {
        (paper, name)
        for paper, name in told
        if name not in FOREIGN and name.strip("/") not in there and not ("*" in name and fnmatch.filter(there, name))
    }
    assert sorted(missing) == []


# Home Assistant's order of a documentation page.
README_ORDER: Final = [
    *("Supported devices", "Installation", "Setting it up", "Entities", "Actions", "Examples"),
    *("How data is updated", "Known limitations", "Troubleshooting", "Removing it"),
]


def test_readme_begins_with_safety_and_promises_nothing() -> None:
    readme = (ROOT / "README.md").read_text()
    sections = re.findall(r"^## (.+)$", readme, re.MULTILINE)
    assert sections[0] == "Safety first"
    assert [section for section in sections if section in README_ORDER] == README_ORDER
    # A second layer limits, requests and supervises; it does not protect (and no standard says that it does).
    assert not re.search(r"\bprotects\b|\bguarantees?\b|\bcompliant\b|\bcertified by\b", readme)


def test_readme_tells_of_every_action_and_who_may_call_it() -> None:
    told = dict(
        re.findall(r"^\| `home_bms\.(\w+)` \|.+\| (yes|no) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    )
    assert told == {name: "yes" if action.admin else "no" for name, action in ACTIONS.items()}


def test_both_validators_run_in_ci() -> None:
    workflows = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    assert "home-assistant/actions/hassfest" in workflows
    assert "hacs/action" in workflows
    assert "scripts/test" in workflows


# --- the layout ------------------------------------------------------------------------------------------------------


def test_the_page_about_the_architecture_tells_of_every_room_in_its_own_words() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    told = dict(re.findall(r"^\| `([\w/]+)/` \| (.+?) \|$", page, re.MULTILINE))
    rooms = {
        str(path.parent.relative_to(INTEGRATION)): ast.get_docstring(ast.parse(path.read_text()))
        for path in INTEGRATION.rglob("__init__.py")
        if path.parent != INTEGRATION
    }
    assert told == rooms
    assert "energy" not in rooms, "Home Assistant would import it as a platform"


MOST_LINES: Final = 400
LONGER: Final = {
    "sensor.py": "one description for each sensor",
    "core/model.py": "the words that all of core shares",
    "web/schema.py": "one dataclass for each thing that a browser is told",
}


def test_a_file_is_short_enough_to_be_read_at_once() -> None:
    lengths = {
        str(path.relative_to(INTEGRATION)): len(path.read_text().splitlines()) for path in INTEGRATION.rglob("*.py")
    }
    assert {name for name, length in lengths.items() if length > MOST_LINES} == set(LONGER)
