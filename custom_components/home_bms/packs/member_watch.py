"""Says which members of a pack that is built from parts are silent, and when anything about its parts is news."""

from __future__ import annotations

from collections.abc import Mapping

from ..hw.driver import DriverError
from ..hw.parts import PartsDriver
from ..hw.relays import FRESH


class MemberWatch:
    """What entities show of the members.

    One that answers too late for a poll is not silent: on a slow line that happens now and then, and its values are
    good for `FRESH` seconds.
    """

    def __init__(self, parts: PartsDriver) -> None:
        """Begin with everybody silent who was never heard."""
        self.parts = parts
        self.silent: Mapping[str, DriverError | None] = {
            name: None for name, info in parts.members.items() if info is None
        }
        """The members that do not answer, with why if that is known."""
        self._heard: dict[str, float] = {}
        """When each one was last no trouble."""
        self._told: object = None

    @property
    def all_heard(self) -> bool:
        """Whether every member has said once who it is."""
        return None not in self.parts.members.values()

    def look(self, now: float) -> bool:
        """Take what the last poll told, at `now` in s; return whether it is news."""
        troubles, known = self.parts.troubles, self.parts.members
        self._heard.update({name: now for name in known if name not in troubles})
        self.silent = {
            name: troubles.get(name)
            for name, info in known.items()
            if info is None or now - self._heard.get(name, float("-inf")) > FRESH
        }
        before, self._told = self._told, (set(self.silent), self.parts.extra_switches)
        return before != self._told
