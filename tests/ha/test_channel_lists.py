"""Lists of channels are read as people write them, and written as they would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.home_bms.flow.channel_lists import from_one, from_zero, read_list, read_numbers, write_list


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("  ", []),
        ("1", [1]),
        ("1-4", [1, 2, 3, 4]),
        ("4 - 1", [4, 3, 2, 1]),
        ("1–3; 7", [1, 2, 3, 7]),
        ("1, 2, -, 4", [1, 2, None, 4]),
        ("–,1", [None, 1]),
    ],
)
def test_what_people_write(text: str, numbers: list[int | None]) -> None:
    assert read_list(text) == numbers


@pytest.mark.parametrize("text", ["one", "1 2", "1,", ",1", "1--3", "-1", "1.5", "1000", "0-999", "1-200, 1-200"])
def test_what_nobody_can_read(text: str) -> None:
    with pytest.raises(ValueError):
        read_list(text)


@pytest.mark.parametrize("text", ["1, 1", "1-3, 2", "1, -", "-"])
def test_numbers_that_must_differ(text: str) -> None:
    with pytest.raises(ValueError):
        read_numbers(text)
    assert read_numbers("3, 1-2") == [3, 1, 2]


def test_people_count_from_one() -> None:
    assert from_zero([1, None, 16]) == [0, None, 15]
    assert from_one([0, None, 15]) == [1, None, 16]
    with pytest.raises(ValueError):
        from_zero([0])


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([1], "1"), ([1, 2], "1, 2"), ([1, 2, 3, None, 7], "1-3, -, 7"), ([3, 2, 1], "3, 2, 1")],
)
def test_three_in_a_row_are_a_range(numbers: list[int | None], text: str) -> None:
    assert write_list(numbers) == text


@given(st.lists(st.none() | st.integers(0, 999), max_size=64))
def test_what_is_written_reads_back(numbers: list[int | None]) -> None:
    assert read_list(write_list(numbers)) == numbers
