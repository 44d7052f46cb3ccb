"""Tests a pack as far as it takes no hands, on demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN
from ..coordinator import PackCoordinator
from ..core.commissioning import Finding, Outcome
from ..core.lint import lint
from ..core.selftest import ENOUGH, Seen, selftest
from .looks import fresh
from .words import check_name, finding_text

WITHIN: Final = 15.0
"""s in which a pack must have answered often enough."""


async def async_self_test(pack: PackCoordinator) -> Mapping[str, Finding]:
    """Look a few times and return what came of each check; the last result is kept until the next start."""
    seen = await fresh(pack, ENOUGH, WITHIN)
    info = pack.info
    found = selftest(
        Seen(
            config=pack.config,
            looks=seen,
            cells=None if info is None else info.cells,
            settings=()
            if info is None
            else lint(
                pack.config, info.hardware_ring, cells=info.cells, capacity=info.capacity, chemistry=info.chemistry
            ),
        )
    )
    pack.commissioning.async_tested(found)
    return found


def answer(hass: HomeAssistant, found: Mapping[str, Finding]) -> ServiceResponse:
    """Return what an action answers with."""
    checks: dict[str, Any] = {
        key: {
            "outcome": finding.outcome.value,
            "reason": finding.reason,
            "text": finding_text(hass, finding),
            "numbers": dict(finding.numbers),
        }
        for key, finding in found.items()
    }
    return {"passed": not failed(found), "checks": checks}


def failed(found: Mapping[str, Finding]) -> list[str]:
    """Return the keys of the checks that failed."""
    return [key for key, finding in found.items() if finding.outcome is Outcome.FAILED]


async def async_press(pack: PackCoordinator) -> None:
    """Test a pack for a person at a button. Raises ServiceValidationError naming what failed."""
    found = await async_self_test(pack)
    if wrong := failed(found):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="self_test_failed",
            translation_placeholders={
                "name": pack.name,
                "checks": "; ".join(
                    f"{check_name(pack.hass, key)}: {finding_text(pack.hass, found[key])}" for key in wrong
                ),
            },
        )
