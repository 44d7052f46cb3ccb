"""A real Home Assistant with battery systems of every size in it, made of virtual packs, each with its dashboard."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from scripts.demo import entity_ids, import_history
from scripts.hass import Hass

DOMAIN: Final = "home_bms"
SYSTEMS: Final[Mapping[str, tuple[int, ...]]] = {"Shed": (4,), "Garage": (16,), "Barn": (16, 16, 16, 16)}
"""The cells of each pack."""
GUEST: Final = {"username": "guest", "password": "guest-guest"}
VIEWS: Final = ("now", "cells", "history", "health", "system", "maintenance")


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A battery system of the house; its packs are found by their order."""

    name: str
    entry_id: str
    device_id: str
    packs: tuple[Mapping[str, Any], ...]
    """As `home_bms/systems` tells them."""
    entities: Mapping[str, str]
    made: Mapping[str, Any]
    """What its first pack was made of, as the config flow keeps it."""

    @property
    def path(self) -> str:
        """Of its dashboard."""
        return f"{self.name.lower()}-bms"


async def furnish(hass: Hass, *names: str) -> dict[str, System]:
    """Add the systems of these names, give each a dashboard, and wait until all packs are known well."""
    seeds = {name: 100 * place for place, name in enumerate(SYSTEMS)}
    made = dict(zip(names, await asyncio.gather(*(_add(hass, name, seeds[name]) for name in names)), strict=True))
    found = {told["name"]: told for told in await hass.until(lambda: _all_there(hass, names), "all systems", 60)}
    systems = {
        name: System(
            name=name,
            entry_id=told["entry_id"],
            device_id=told["device_id"],
            packs=tuple(told["packs"]),
            entities=told["entities"],
            made=made[name],
        )
        for name, told in found.items()
    }
    for system in systems.values():
        await add_dashboard(hass, system.path, system.name, {"device_id": system.device_id})
    return systems


async def add_dashboard(hass: Hass, path: str, title: str, settings: Mapping[str, Any] | None = None) -> None:
    """Make a dashboard of one line, as a person does in the settings."""
    await hass.command(
        "lovelace/dashboards/create",
        url_path=path,
        title=title,
        icon="mdi:battery",
        require_admin=False,
        show_in_sidebar=True,
    )
    strategy = {"type": "custom:home-bms", **(settings or {})}
    await hass.command("lovelace/config/save", url_path=path, config={"strategy": strategy})


async def give_past(hass: Hass, system: System, hours: int) -> None:
    """Let a system of one pack have lived for some hours already."""
    (pack,) = system.packs
    (subentry,) = await hass.command("config_entries/subentries/list", entry_id=system.entry_id)
    entities = {
        "system": await entity_ids(hass, system.entry_id),
        "pack": await entity_ids(hass, subentry["subentry_id"]),
    }
    learned = await import_history(hass, system.made, hours, entities)
    shown = [found[key] for found in entities.values() for key in ("soc", "energy_in", "energy_out")]
    await hass.until(lambda: _remembered(hass, shown, hours), "statistics", 60)
    await hass.act("home_bms.import_learned", device_id=pack["device_id"], learned=learned)


async def _remembered(hass: Hass, entity_ids: list[str], hours: int) -> bool:
    """Whether the recorder, which imports in its own time, has all hours of these entities."""
    found = await hass.command(
        "recorder/statistics_during_period",
        start_time=(datetime.now(UTC) - timedelta(hours=hours + 2)).isoformat(),
        statistic_ids=entity_ids,
        period="hour",
    )
    return all(len(found.get(entity_id, ())) >= hours for entity_id in entity_ids)


async def add_guest(hass: Hass) -> str:
    """Let somebody in who is no administrator, and return an access token of theirs."""
    person = await hass.command("config/auth/create", name="Guest", group_ids=["system-users"], local_only=True)
    await hass.command("config/auth_provider/homeassistant/create", user_id=person["user"]["id"], **GUEST)
    return await hass.token(GUEST["username"], GUEST["password"])


async def _add(hass: Hass, name: str, seed: int) -> Mapping[str, Any]:
    """Return what the first pack was made of."""
    packs = SYSTEMS[name]
    answers = [
        ("virtual", {"cells": cells, "seed": seed + number}, {"name": _pack_name(name, packs, number)})
        for number, cells in enumerate(packs)
    ]
    entry, made = await hass.add(DOMAIN, *answers[0])
    for answer in answers[1:]:
        await hass.join(entry["entry_id"], "pack", *answer)
    await hass.command("config_entries/update", entry_id=entry["entry_id"], title=name)
    await hass.post(f"/api/config/config_entries/entry/{entry['entry_id']}/reload")
    return made


def _pack_name(system: str, packs: tuple[int, ...], number: int) -> str:
    return f"{system} pack" if len(packs) == 1 else f"{system} pack {number + 1}"


async def _all_there(hass: Hass, names: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """Return all systems once each pack of them is read well."""
    found: list[dict[str, Any]] = (await hass.command("home_bms/systems"))["systems"]
    states = await hass.states()
    for name in names:
        packs = [pack for told in found if told["name"] == name for pack in told["packs"]]
        if len(packs) != len(SYSTEMS[name]):
            return None
        if any(states.get(pack["entities"]["data_quality"], {}).get("state") != "good" for pack in packs):
            return None
    return found
