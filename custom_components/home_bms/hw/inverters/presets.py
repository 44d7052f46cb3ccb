"""Which protocol, and which of its options, each make of inverter wants (`can/04_brand_usage.md`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from ..can import CanLink
from .byd_hvs import BYD_HVS
from .can_inverter import CanInverter
from .can_protocol import CanProtocol, options_from_data
from .growatt_hv import GROWATT_HV
from .growatt_lv import GROWATT_LV
from .inverter import InverterRow, Keep, Memory
from .luxpower import LUXPOWER
from .pylontech_hv import PYLONTECH_HV
from .pylontech_lv import PYLONTECH_LV
from .sma import SMA
from .solax import SOLAX
from .victron_can import VICTRON_CAN

CAN_PROTOCOLS: Final[Mapping[str, CanProtocol[Any]]] = MappingProxyType(
    {
        protocol.key: protocol
        for protocol in (
            PYLONTECH_LV,
            VICTRON_CAN,
            SMA,
            LUXPOWER,
            GROWATT_LV,
            GROWATT_HV,
            PYLONTECH_HV,
            BYD_HVS,
            SOLAX,
        )
    }
)
"""Every protocol by its key."""
NO_OPTIONS: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One make of inverter.

    What it must be set to, and what its user should know, is said in the translations, by its key.
    """

    key: str
    name: str
    protocol: CanProtocol[Any]
    options: Mapping[str, object] = NO_OPTIONS
    """Those that differ from the protocol's own."""


_PRESETS: Final = (
    Preset(key="deye_lv", name="Deye (48 V)", protocol=PYLONTECH_LV),
    Preset(key="sunsynk_lv", name="Sunsynk (48 V)", protocol=PYLONTECH_LV),
    Preset(key="sol_ark_lv", name="Sol-Ark (48 V)", protocol=PYLONTECH_LV, options={"all_eight_bytes": True}),
    Preset(key="growatt_spf", name="Growatt SPF (48 V, L52)", protocol=PYLONTECH_LV),
    Preset(key="growatt_spf_l51", name="Growatt SPF, SPH (48 V, L51)", protocol=GROWATT_LV),
    Preset(key="growatt_hv", name="Growatt SPH TL3, MOD, MID-XH (high voltage)", protocol=GROWATT_HV),
    Preset(
        key="goodwe_lv",
        name="GoodWe ES, EM, SBP (48 V)",
        protocol=SMA,
        options={"period": 0.1, "manufacturer": "GoodWe", "values_in_keepalive": False},
    ),
    Preset(
        key="sofar_lv",
        name="Sofar ME3000SP, HYD-ES (48 V)",
        protocol=PYLONTECH_LV,
        options={"frames": "v1_2", "zero_is_ignored": True},
    ),
    Preset(key="solis_lv", name="Solis RHI, S5-EH1P (48 V)", protocol=PYLONTECH_LV),
    Preset(key="solis_hv", name="Solis (high voltage)", protocol=PYLONTECH_HV),
    Preset(key="victron", name="Victron GX", protocol=VICTRON_CAN),
    Preset(key="sma_sunny_island", name="SMA Sunny Island", protocol=SMA),
    Preset(key="luxpower", name="LuxPower SNA, LXP", protocol=LUXPOWER),
    Preset(key="eg4", name="EG4 6000XP, 12000XP, 18kPV", protocol=LUXPOWER),
    Preset(key="schneider_xw_pro", name="Schneider XW Pro", protocol=PYLONTECH_LV),
    Preset(key="studer_xtm", name="Studer XTM with Xcom-CAN", protocol=PYLONTECH_LV),
    Preset(key="srne", name="SRNE", protocol=PYLONTECH_LV),
    Preset(key="midnite_aio", name="MidNite AIO", protocol=PYLONTECH_LV, options={"frames": "v1_2"}),
    Preset(key="ferroamp", name="Ferroamp", protocol=PYLONTECH_HV, options={"address": 1, "temperature_offset": False}),
    Preset(key="fronius_gen24", name="Fronius GEN24", protocol=BYD_HVS),
    Preset(key="deye_hv", name="Deye (high voltage)", protocol=BYD_HVS, options={"charge_follows_limits": True}),
    Preset(key="sungrow_hv", name="Sungrow (high voltage)", protocol=BYD_HVS),
    Preset(key="solax", name="Solax X1, X3 hybrid", protocol=SOLAX),
    Preset(key="foxess", name="FoxESS (first generation)", protocol=SOLAX),
    Preset(key="pylontech_lv", name="Other inverters that know a Pylontech (48 V)", protocol=PYLONTECH_LV),
    Preset(key="pylontech_hv", name="Other inverters that know a Pylontech Force or PowerCube", protocol=PYLONTECH_HV),
    Preset(
        key="byd_lvs",
        name="Other inverters that know a BYD LVS, LVL (48 V)",
        protocol=VICTRON_CAN,
        options={"manufacturer": "BYD"},
    ),
)
PRESETS: Final[Mapping[str, Preset]] = MappingProxyType({preset.key: preset for preset in _PRESETS})
"""Every make by its key."""


def create(
    preset: Preset,
    link: CanLink,
    *,
    options: Mapping[str, object] = NO_OPTIONS,
    memory: Memory = NO_OPTIONS,
    keep: Keep | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> CanInverter[Any]:
    """Return the link to an inverter; `options` change what the preset has. Nothing stays, so that no memory is needed.

    Raises ConfigError.
    """
    del memory, keep
    protocol = preset.protocol
    chosen = options_from_data(protocol.options, {**preset.options, **options})
    return CanInverter(link, protocol, chosen, name=preset.name, clock=clock)


CAN_INVERTERS: Final[Mapping[str, InverterRow]] = MappingProxyType(
    {preset.key: InverterRow(key=preset.key, name=preset.name, create=partial(create, preset)) for preset in _PRESETS}
)
"""The rows of the table of inverters by their keys: `create(link, *, options, memory, keep, clock)`."""
