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
from .inverter import InverterRow, Keep, LinkKind, Memory
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
    """One make of inverter."""

    key: str
    name: str
    protocol: CanProtocol[Any]
    options: Mapping[str, object] = NO_OPTIONS
    """Those that differ from the protocol's own."""
    setting: str = ""
    """What the inverter must be set to."""
    note: str = ""
    """What its user should know."""


_PRESETS: Final = (
    Preset(
        key="deye_lv",
        name="Deye (48 V)",
        protocol=PYLONTECH_LV,
        setting="battery Lithium, mode 00; connect the cable first",
        note="Without frames it goes on with the voltages and currents set in it, unless BMS_Err_Stop is on.",
    ),
    Preset(
        key="sunsynk_lv",
        name="Sunsynk (48 V)",
        protocol=PYLONTECH_LV,
        setting="battery Lithium, mode 00; connect the cable first",
        note="Without frames it goes on with the voltages and currents set in it, unless BMS_Err_Stop is on.",
    ),
    Preset(
        key="sol_ark_lv",
        name="Sol-Ark (48 V)",
        protocol=PYLONTECH_LV,
        options={"all_eight_bytes": True},
        setting="battery Lithium, mode 00",
        note="If it shows ten times the voltage, turn coarse_voltage on: its text and its inverters differ.",
    ),
    Preset(
        key="growatt_spf",
        name="Growatt SPF (48 V, L52)",
        protocol=PYLONTECH_LV,
        setting="parameter 36: L52",
        note="Simpler than Growatt's own protocol, and confirmed by more users.",
    ),
    Preset(
        key="growatt_spf_l51",
        name="Growatt SPF, SPH (48 V, L51)",
        protocol=GROWATT_LV,
        setting="parameter 36: L51",
        note="Try L52 first. What it does without frames is not known.",
    ),
    Preset(
        key="growatt_hv",
        name="Growatt SPH TL3, MOD, MID-XH (high voltage)",
        protocol=GROWATT_HV,
        note="The sign of the current and the alarm bits are unproven: compare what it shows before you rely on it.",
    ),
    Preset(
        key="goodwe_lv",
        name="GoodWe ES, EM, SBP (48 V)",
        protocol=SMA,
        options={"period": 0.1, "manufacturer": "GoodWe", "values_in_keepalive": False},
        setting="battery GoodWe LX",
        note="Set to Pylon, it takes the protocol pylontech_lv as well.",
    ),
    Preset(
        key="sofar_lv",
        name="Sofar ME3000SP, HYD-ES (48 V)",
        protocol=PYLONTECH_LV,
        options={"frames": "v1_2", "zero_is_ignored": True},
        setting="battery type Automatic",
        note="It ignores zeros, so a stop is told as 0.1 A. Some needed another 120 ohm at their end of the cable.",
    ),
    Preset(
        key="solis_lv",
        name="Solis RHI, S5-EH1P (48 V)",
        protocol=PYLONTECH_LV,
        setting="battery Pylon LV",
        note="The CAN adapter's transceiver must be a 3.3 V one. After a discharge limit of 0 it may stay in standby.",
    ),
    Preset(
        key="solis_hv",
        name="Solis (high voltage)",
        protocol=PYLONTECH_HV,
        setting="battery Pylon HV",
    ),
    Preset(
        key="victron",
        name="Victron GX",
        protocol=VICTRON_CAN,
        setting="CAN profile CAN-bus BMS LV (500 kbit/s)",
        note="It stops 3 s after the last frame: off the grid, a restart of Home Assistant turns the lights off.",
    ),
    Preset(
        key="sma_sunny_island",
        name="SMA Sunny Island",
        protocol=SMA,
        setting="battery type LiIon_Ext-BMS",
        note="Nothing else may be on its bus. It follows within 10 s, and shuts down 60 s after the last frame.",
    ),
    Preset(
        key="luxpower",
        name="LuxPower SNA, LXP",
        protocol=LUXPOWER,
        setting="battery Lithium, brand 6 (or 2)",
        note="Its rapid shut-down asks the battery to switch off; home_bms shows that, and does not do it.",
    ),
    Preset(
        key="eg4",
        name="EG4 6000XP, 12000XP, 18kPV",
        protocol=LUXPOWER,
        setting="battery Lithium, brand 6 (or 2)",
        note="Its rapid shut-down asks the battery to switch off; home_bms shows that, and does not do it.",
    ),
    Preset(
        key="schneider_xw_pro",
        name="Schneider XW Pro",
        protocol=PYLONTECH_LV,
        setting="battery Voltage-control Li-ion",
        note="Its keep-alive has an identifier of 29 bits, which is heard as well.",
    ),
    Preset(
        key="studer_xtm",
        name="Studer XTM with Xcom-CAN",
        protocol=PYLONTECH_LV,
        setting="Xcom-CAN switches 11000110 (Pylontech)",
    ),
    Preset(
        key="srne",
        name="SRNE",
        protocol=PYLONTECH_LV,
        setting="battery UZE, not PYLON",
        note="It shows a wrong temperature.",
    ),
    Preset(
        key="midnite_aio",
        name="MidNite AIO",
        protocol=PYLONTECH_LV,
        options={"frames": "v1_2"},
        setting="battery PYLON",
    ),
    Preset(
        key="ferroamp",
        name="Ferroamp",
        protocol=PYLONTECH_HV,
        options={"address": 1, "temperature_offset": False},
        note="It takes the cell voltages of LFP alone.",
    ),
    Preset(
        key="fronius_gen24",
        name="Fronius GEN24",
        protocol=BYD_HVS,
        note="Only the variants that are wired to the battery by CAN.",
    ),
    Preset(
        key="deye_hv",
        name="Deye (high voltage)",
        protocol=BYD_HVS,
        options={"charge_follows_limits": True},
        note="Off the grid it goes by the charge, so that 0 or 100 % is told where only one way is open.",
    ),
    Preset(key="sungrow_hv", name="Sungrow (high voltage)", protocol=BYD_HVS),
    Preset(
        key="solax",
        name="Solax X1, X3 hybrid",
        protocol=SOLAX,
        note="It asks the battery to close its contactor; home_bms does not do that because it is asked.",
    ),
    Preset(
        key="foxess",
        name="FoxESS (first generation)",
        protocol=SOLAX,
        note="It asks the battery to close its contactor; home_bms does not do that because it is asked.",
    ),
    Preset(
        key="pylontech_lv",
        name="Other inverters that know a Pylontech (48 V)",
        protocol=PYLONTECH_LV,
        setting="battery Pylontech",
    ),
    Preset(
        key="pylontech_hv",
        name="Other inverters that know a Pylontech Force or PowerCube",
        protocol=PYLONTECH_HV,
        note="If it refuses the battery, try address 0, and the other switches one by one.",
    ),
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
    {
        preset.key: InverterRow(key=preset.key, name=preset.name, link=LinkKind.CAN, create=partial(create, preset))
        for preset in _PRESETS
    }
)
"""The rows of the table of inverters by their keys: `create(link, *, options, memory, keep, clock)`."""
