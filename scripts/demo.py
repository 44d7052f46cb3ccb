"""Opens a real Home Assistant on loopback with a virtual battery pack, set up through the real config flow."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from .hass import ROOT, TIME_ZONE, Hass, HassError

DOMAIN: Final = "home_bms"


def arguments() -> argparse.Namespace:
    """Return what the user asked for."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8124, help="of Home Assistant on 127.0.0.1 (%(default)s)")
    parser.add_argument("--config", type=Path, default=ROOT / "build" / "demo", help="its folder (build/demo)")
    parser.add_argument("--once", action="store_true", help="set everything up, then stop")
    first = parser.add_argument_group("for the first run in a folder; later runs go on with what is there")
    first.add_argument(
        "--speed", type=int, default=1, help="seconds of the virtual pack in each real one (%(default)s)"
    )
    first.add_argument(
        "--hours",
        type=int,
        default=48,
        help="of statistics to begin with (%(default)s): computed with the same virtual pack and the same core, "
        "then imported; nobody measured them",
    )
    return parser.parse_args()


async def set_up(hass: Hass, speed: int, history: int) -> None:
    """Add a virtual pack as a user would, give it a past, and put it on the energy dashboard."""
    entry, answers = await hass.add(DOMAIN, "virtual", {"speed": speed}, {})
    packs = await hass.command("config_entries/subentries/list", entry_id=entry["entry_id"])
    system, pack = entry["entry_id"], packs[0]["subentry_id"]
    ids = await hass.until(lambda: entity_ids(hass, system), "entities of the battery system", 30)
    if history:
        entities = {"system": ids, "pack": await entity_ids(hass, pack)}
        learned = await import_history(hass, answers, history, entities)
        (told,) = (await hass.command("home_bms/systems"))["systems"]
        await hass.act("home_bms.import_learned", device_id=told["packs"][0]["device_id"], learned=learned)
    battery = {
        "type": "battery",
        "stat_energy_from": ids["energy_out"],
        "stat_energy_to": ids["energy_in"],
        # Home Assistant counts discharging as positive, home_bms charging.
        "power_config": {"stat_rate_inverted": ids["power"]},
        "stat_soc": ids["soc"],
    }
    await hass.command("energy/save_prefs", energy_sources=[battery])


async def entity_ids(hass: Hass, identity: str) -> dict[str, str]:
    """Return the enabled entities of the system (entry id) or of a pack (subentry id) by their key."""
    return {
        entity["unique_id"].removeprefix(f"{identity}_"): entity["entity_id"]
        for entity in await hass.command("config/entity_registry/list")
        if entity["platform"] == DOMAIN
        and entity["unique_id"].startswith(f"{identity}_")
        and entity["disabled_by"] is None
    }


async def import_history(
    hass: Hass, data: Mapping[str, Any], hours: int, entities: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Compute `hours` until the last full hour, and import them. Returns what the core learned of the pack in them."""
    # Only here, for it imports Home Assistant.
    from . import history  # noqa: PLC0415

    end = datetime.now(ZoneInfo(TIME_ZONE)).replace(minute=0, second=0, microsecond=0)
    series: dict[str, list[tuple[datetime, list[float]]]] = defaultdict(list)
    past = history.Past(data, hours, end)
    for start, of_pack, of_system in past.hours():
        for owner, samples in (("pack", of_pack), ("system", of_system)):
            for key, values in samples.items():
                if key in entities[owner]:
                    series[entities[owner][key]].append((start.astimezone(UTC), values))
    for kept in await hass.command("recorder/list_statistic_ids"):
        if (statistic_id := kept["statistic_id"]) in series:
            await hass.command(
                "recorder/import_statistics",
                metadata={
                    "source": "recorder",
                    "name": None,
                    "statistic_id": statistic_id,
                    "has_sum": kept["has_sum"],
                    "mean_type": kept["mean_type"],
                    "unit_class": kept["unit_class"],
                    "unit_of_measurement": kept["statistics_unit_of_measurement"],
                },
                stats=history.rows(series[statistic_id], has_sum=kept["has_sum"]),
            )
    return past.learned


async def check_energy(hass: Hass, *, known: bool) -> None:
    """Let Home Assistant check the energy dashboard; without statistics it has to wait for the first of them."""

    async def sound() -> bool:
        result = await hass.command("energy/validate")
        return not any(issues for group in result.values() for issues in group)

    if known:
        await hass.until(sound, "clean check of the energy dashboard", 30)
    elif not await sound():
        print("The energy dashboard waits for its first statistics; they come every five minutes.")


async def demo(options: argparse.Namespace) -> None:
    """Run until Ctrl-C."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _cancel(asyncio.current_task()))
    print("Starting Home Assistant; the first time takes a little longer ...", flush=True)
    async with Hass(options.config, port=options.port) as hass:
        if await hass.get(f"/api/config/config_entries/entry?domain={DOMAIN}"):
            print("The virtual pack of an earlier run is there.")
        else:
            await set_up(hass, options.speed, options.hours)
            print(f"A virtual pack is set up; {options.hours} h of its statistics were computed, none measured.")
            await check_energy(hass, known=options.hours > 0)
        print(f"\n  open      {hass.url}\n  user      {hass.user}\n  password  {hass.password}\n", flush=True)
        if options.once:
            return
        print(f"Ctrl-C stops it. Its folder is {options.config}.", flush=True)
        await hass.wait()
        raise HassError(f"Home Assistant ended by itself; see {hass.folder / 'hass.out'}")


def _cancel(task: asyncio.Task[Any] | None) -> Any:  # noqa: ANN401 - a signal handler
    return lambda: task is not None and task.cancel()


def main() -> int:
    """Return the exit code."""
    try:
        asyncio.run(demo(arguments()))
    except HassError as err:
        print(f"demo: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        with suppress(BrokenPipeError):
            print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
