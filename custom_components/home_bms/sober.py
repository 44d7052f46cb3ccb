"""Lets no value through to an action that the validators of others, or what comes after them, would trip over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import probatio as vol

from .core.leases import writable

YEARS: Final = range(1970, 9000)
"""Between which any time can be reckoned with, in any zone."""


def sober(validator: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - whatever a schema takes
    """Return a validator for which a number that is too large, or a time too far, is as wrong as anything else.

    A text has no half of a character: no file takes it, and ciso8601 2.3.3, by which Home Assistant reads times, ends
    the whole process over it (closeio/ciso8601#179).
    """
    schema = vol.Schema(validator)

    def check(value: Any) -> Any:  # noqa: ANN401
        try:
            found = schema(writable(value) if isinstance(value, str) else value)
        except (OverflowError, RecursionError, TypeError) as err:
            raise vol.Invalid(str(err)) from err
        if isinstance(found, date) and found.year not in YEARS:
            raise vol.Invalid(f"the year {found.year} is not {YEARS[0]} to {YEARS[-1]}")
        return found

    return check
