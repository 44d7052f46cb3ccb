"""Remakes the pictures of the dashboard: those that the documentation shows, or every scene in every size."""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, expect

from scripts.hass import ROOT, Hass, free_port

from .house import System, furnish, give_past
from .visit import HEIGHTS, chromium, visit

SHOWN: Final = ROOT / "docs" / "images"
GRID: Final = ROOT / "build" / "pictures"
HOURS: Final = 168
"""Of a past, where there is one."""
SETTLE: Final = 1500
"""ms that a chart takes to be drawn once its card is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A battery system in a state that is worth a look."""

    system: str
    views: tuple[str, ...]
    faults: tuple[Mapping[str, Any], ...] = ()
    """As `inject_fault` takes them; `pack` counts from 0."""
    until: str = r"\d"
    """What a pack card says then, as a pattern."""


SCENES: Final[Mapping[str, Scene]] = {
    "four": Scene(system="Shed", views=("now", "cells", "health")),
    # Nothing is in the history of the shed, and all of the garage's.
    "empty": Scene(system="Shed", views=("history",)),
    "sixteen": Scene(system="Garage", views=("now", "cells", "history", "health", "system", "maintenance")),
    "many": Scene(system="Barn", views=("now", "cells", "system")),
    "dead_sensor": Scene(
        system="Shed",
        views=("cells",),
        faults=({"fault": "cell_sentinel", "cell": 3}, {"fault": "dead_temperature_sensor", "cell": 2}),
        until="Data missing",
    ),
    "unreachable": Scene(
        system="Barn", views=("now", "cells", "system"), faults=({"fault": "no_answer", "pack": 1},), until="silent for"
    ),
    "trip": Scene(
        system="Garage",
        views=("now", "cells", "history"),
        faults=({"fault": "hot_cell_now", "cell": 7, "value": 57},),
        until="Tripped",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture of a scene."""

    scene: str
    view: str
    file: Path
    width: int = 1280
    height: int | None = None
    dark: bool = False
    press: str | None = None
    """A button of the card, by its name."""


PAPERS: Final = (
    Shot(scene="sixteen", view="now", file=SHOWN / "dashboard_now.png"),
    Shot(scene="sixteen", view="cells", file=SHOWN / "dashboard_cells.png"),
    Shot(scene="sixteen", view="history", file=SHOWN / "dashboard_history.png", height=1180, press="7 d"),
    Shot(scene="sixteen", view="health", file=SHOWN / "dashboard_health.png"),
    Shot(scene="many", view="system", file=SHOWN / "dashboard_system.png"),
    Shot(scene="trip", view="cells", file=SHOWN / "dashboard_trip.png", dark=True),
    Shot(scene="trip", view="now", file=SHOWN / "dashboard_phone.png", width=360),
)
"""What the documentation shows."""


async def take(shots: Iterable[Shot]) -> None:
    """Let each scene come about in one Home Assistant, and take its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        async with Hass(Path(folder), port=free_port()) as hass, chromium() as browser:
            systems = await furnish(hass, "Shed", "Garage", "Barn")
            for system in systems.values():
                await hass.act("switch.turn_on", entity_id=system.entities["allow_control"])
            await give_past(hass, systems["Garage"], HOURS)
            for name, of_scene in groupby(shots, lambda shot: shot.scene):
                scene = SCENES[name]
                system = systems[scene.system]
                async with _broken(hass, system, scene.faults):
                    for _, alike in groupby(of_scene, lambda shot: (shot.width, shot.height, shot.dark)):
                        await _take(browser, hass, system, scene, list(alike))


@asynccontextmanager
async def _broken(hass: Hass, system: System, faults: tuple[Mapping[str, Any], ...]) -> AsyncIterator[None]:
    """Break what a scene has broken, and mend it."""
    for fault in faults:
        pack = system.packs[fault.get("pack", 0)]
        told = {key: value for key, value in fault.items() if key != "pack"}
        await hass.act("home_bms.inject_fault", device_id=pack["device_id"], **told)
    yield
    for pack in system.packs if faults else ():
        await hass.act("home_bms.clear_faults", device_id=pack["device_id"])


async def _take(browser: Browser, hass: Hass, system: System, scene: Scene, shots: list[Shot]) -> None:
    """Take pictures of one size."""
    first = shots[0]
    token = await hass.token(hass.user, hass.password)
    async with visit(browser, hass, token, width=first.width, height=first.height, dark=first.dark) as seen:
        await seen.open(f"{system.path}/cells")
        await expect(seen.page.locator("home-bms-pack-card", has_text=re.compile(scene.until)).first).to_be_visible()
        for shot in shots:
            await seen.turn(f"{system.path}/{shot.view}")
            await expect(seen.page.locator("hui-view ha-card").first).to_be_visible()
            if shot.press:
                await seen.page.get_by_role("button", name=shot.press, exact=True).click()
            await seen.page.wait_for_timeout(SETTLE)
            await seen.picture(shot.file)
            print(shot.file.relative_to(ROOT), *await seen.clipped(), sep="\n  ", flush=True)


def everything(wanted: Collection[str]) -> Iterator[Shot]:
    """Yield each view of each scene in each size, light and dark."""
    for name, width, theme in product(wanted or SCENES, HEIGHTS, ("light", "dark")):
        for view in SCENES[name].views:
            file = GRID / f"{name}-{view}-{width}-{theme}.png"
            yield Shot(scene=name, view=view, file=file, width=width, dark=theme == "dark")


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="scripts/pictures", description=__doc__)
    parser.add_argument("--all", action="store_true", help=f"every scene in every size, into {GRID.relative_to(ROOT)}")
    parser.add_argument("--scene", action="append", default=[], choices=SCENES, help="with --all: only this one")
    options = parser.parse_args()
    asyncio.run(take(everything(options.scene) if options.all else PAPERS))


if __name__ == "__main__":
    main()
