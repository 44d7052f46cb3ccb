"""A date or a filler in the place of a serial number identifies no pack."""

import pytest

from custom_components.home_bms.hw.serial_numbers import telling


@pytest.mark.parametrize(
    "text",
    ["404210281", "15SP57B-A25061200", "4056911A1100032P", "PPTAH01123456789", "0001ABCD", " 404210281 "],
)
def test_a_number_of_one_pack_is_kept(text):
    assert telling(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "1234", "000000000", "FFFFFFFFFFFF", "0000000001111", "serial", "\xff\xff12345678", "ab\x01cdef12"),
        *("2022-10-26", "20221026", "22-10-26", "2022/1/6", "20210526", "2021.05.26", "210526"),
    ],
)
def test_what_twins_share_is_none(text):
    assert telling(text) == ""


@pytest.mark.parametrize("text", ["20221326", "2022-10-32", "20221026-1", "1987654321"])
def test_what_only_resembles_a_date_is_kept(text):
    assert telling(text) == text
