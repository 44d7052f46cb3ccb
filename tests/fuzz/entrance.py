"""What an entrance is: how its input is made, who takes it, how that may end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from hypothesis.strategies import SearchStrategy

HANGS: Final = 30
"""s after which nobody waits any longer: the inputs are small, and a slow machine needs a hundredth of this."""


class HangError(BaseException):
    """It did not end; nobody who is tested can catch this by mistake."""


def _nothing(given: Any, result: Any) -> None:
    """Ask nothing more than that there is a result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A way in from outside."""

    name: str
    made: SearchStrategy[Any]
    take: Callable[[Any], Any]
    allowed: tuple[type[Exception], ...] = ()
    """The typed errors that it may end in."""
    holds: Callable[[Any, Any], None] = _nothing
    """Given the input and the result, raises AssertionError for one that must not be."""
    share: float = 1.0
    """Of the examples that the profile names."""
    found: tuple[Any, ...] = ()
    """Inputs that once broke it, kept here where no story of its module's own test tells of them."""

    def meet(self, given: Any) -> str:
        """Let it take an input; return the name of the error that it ends in, `result` where it ends in none."""
        with within(HANGS):
            try:
                result = self.take(given)
            except self.allowed as err:
                return type(err).__name__
            self.holds(given, result)
            return "result"


@contextmanager
def within(seconds: int) -> Generator[None]:
    """Raise HangError in what does not end in time, also where it holds up the event loop."""

    def hang(*_: object) -> None:
        raise HangError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
