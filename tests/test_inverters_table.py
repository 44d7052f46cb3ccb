"""The pages of inverters on CAN say what the tables in the code say."""

from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS, PRESETS
from scripts import inverters_table


def test_the_pages_are_current() -> None:
    assert inverters_table.main(["--check"]) == 0, "run: python -m scripts.inverters_table"


def test_every_protocol_has_a_page_and_every_make_a_row() -> None:
    readme = (inverters_table.FOLDER / "README.md").read_text()
    for key in CAN_PROTOCOLS:
        assert (inverters_table.FOLDER / f"{key}.md").exists()
        assert f"]({key}.md)" in readme
    for key in PRESETS:
        assert f"| `{key}` |" in readme


def test_a_page_that_is_old_is_seen() -> None:
    page = (inverters_table.FOLDER / "sma.md").read_text()
    old = page.replace("| 0x351 |", "| 0x999 |")
    assert old != page
    assert inverters_table.renewed(old, "sma") == page
