"""What home_bms knows in its own words becomes what a frame has room for."""

from dataclasses import replace

import pytest

from custom_components.home_bms.hw.inverters.can_fields import letters, modules, version

from .banks import HOME


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1.17.2", (0x01, 0x17)), ("v2", (2, 0)), ("", (0, 0)), ("x.y", (0, 0)), ("250.3", (0x99, 3))],
)
def test_a_version_is_read_as_far_as_it_is_one(text: str, numbers: tuple[int, int]) -> None:
    assert version(text) == numbers


@pytest.mark.parametrize(
    ("cells", "given_modules", "expected"),
    [(45, 0, (3, 15)), (96, 0, (6, 16)), (23, 0, (1, 23)), (0, 0, (1, 0)), (45, 9, (9, 5))],
)
def test_modules_are_guessed_from_the_cells(cells: int, given_modules: int, expected: tuple[int, int]) -> None:
    assert modules(replace(HOME, cells=cells), given_modules) == expected


@pytest.mark.parametrize(
    ("text", "told"), [("PYLON", b"PYLON   "), ("Käller\n7", b"Kller7  "), ("much too long", b"much too")]
)
def test_a_text_fills_its_place(text: str, told: bytes) -> None:
    assert letters(text, 8, b" ") == told
