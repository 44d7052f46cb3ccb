"""A failure of a CAN bus, told so that a form and a repair can show it."""

from __future__ import annotations

from .driver import DriverError


class CanLinkError(DriverError):
    """The bus cannot be used; `key` is the reason, `placeholders` what a message about it shows."""

    def __init__(self, key: str, message: str, **placeholders: object) -> None:
        super().__init__(key, message)
        self.placeholders = {name: str(value) for name, value in placeholders.items()}
