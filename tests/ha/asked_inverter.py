"""An inverter of another integration that can be asked for a power, and what a test asks of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant

from custom_components.home_bms.core.bank import Bank
from custom_components.home_bms.inverters.entity_inverter import EntityInverter

from .entity_device import EntityPack

# 2500 W in, 5000 W out.
BANK = Bank(
    time=0.0, cvl=56.0, dvl=46.4, ccl=50.0, dcl=100.0, charge_permitted=True, discharge_permitted=True, voltage=50.0
)
STOPPED = replace(BANK, charge_permitted=False)
OPTIONS = ["Self use", "Backup", "Force charge", "Force discharge", "Stop"]
WORKS = {"normal": "Self use", "charge": "Force charge", "discharge": "Force discharge", "standby": "Stop"}
NAMES = {
    "work_mode": ("select", "mode"),
    "setpoint": ("number", "power"),
    "charge_power": ("number", "charge power"),
    "discharge_power": ("number", "discharge power"),
    "charge_limit": ("number", "charge current"),
    "discharge_limit": ("number", "discharge current"),
}


def hybrid(hass: HomeAssistant) -> EntityPack:
    """Return an inverter of another integration that does as it likes."""
    device = EntityPack(hass, "Hybrid", domain="solar", sensors=False)
    device.add("select", "mode", "Self use", options=OPTIONS)
    device.add("number", "power", "0", "W", min=-5000, max=5000, step=10)
    device.add("number", "charge power", "3", "kW", min=0, max=6, step=0.1)
    device.add("number", "discharge power", "0", "W", min=0, max=6000, step=10)
    device.add("number", "charge current", "100", "A", min=0, max=120, step=1)
    device.add("number", "discharge current", "100", "A", min=0, max=120, step=1)
    device.add("sensor", "battery voltage", "50", "V")
    return device


def settings(device: EntityPack, *roles: str, sign: str = "positive_charges", **works: str | None) -> dict[str, Any]:
    """Return settings with these roles; `works` replace what an option means, `None` takes one out."""
    refs = {role: [device.id_of(device.entity(*NAMES[role]))] for role in roles}
    refs["battery_voltage"] = [device.id_of(device.entity("sensor", "battery voltage"))]
    chosen = {work: option for work, option in (WORKS | works).items() if option is not None}
    modes = {"works": chosen} if "work_mode" in roles else {}
    return {"type": "entities", "model": "Hybrid", "roles": refs, "power_sign": sign, "least_rise": 0, **modes}


def shown(device: EntityPack, role: str) -> str:
    """Return what the entity of a role tells."""
    found = device.hass.states.get(device.entity(*NAMES[role]))
    assert found is not None
    return found.state


def stands(device: EntityPack, role: str) -> float:
    """Return where the number of a role stands."""
    return float(shown(device, role))


async def tell(link: EntityInverter, setpoint: float | None, bank: Bank = BANK, *, times: int = 4) -> None:
    """Tell as often as a loop does in some seconds, and let the actions end."""
    for _ in range(times):
        await link.async_tell(bank, setpoint)
        await link._hass.async_block_till_done(wait_background_tasks=True)


async def asked(link: EntityInverter) -> float | None:
    """Return the W that it shows to be asked for."""
    return (await link.async_read()).accepted.setpoint


def orders(device: EntityPack) -> list[Any]:
    """Return what it was told, in order."""
    return [value for _, _, value in device.calls]
