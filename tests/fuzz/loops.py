"""An event loop in which nobody waits: what is due next is due now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, override


class Hasty(asyncio.SelectorEventLoop):
    """Its clock jumps to whatever is due next, as soon as nothing is left to do now."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    @override
    def time(self) -> float:
        return super().time() + self._ahead

    @override
    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Do it at once: a clock that jumps waits for no thread."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as err:  # noqa: BLE001 - whoever awaits it gets it
            done.set_exception(err)
        return done

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._ahead += max(0.0, self._scheduled[0].when() - self.time())
        super()._run_once()  # type: ignore[misc]


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Return what becomes of work, without waiting for its time-outs."""
    with asyncio.Runner(loop_factory=Hasty) as runner:
        return runner.run(work)
