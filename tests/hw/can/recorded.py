"""The recorded CAN frames, and what their expectations are called here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from custom_components.home_bms.hw.can_frame import EXTENDED
from custom_components.home_bms.hw.can_layout import FrameMap
from custom_components.home_bms.hw.can_maps import frame_map

FRAMES = Path(__file__).parent.parent / "frames" / "can"
MAPS = {
    "daly_can": "daly",
    "deye_pcs": "deye_pcs",
    "growatt_hv": "growatt_hv",
    "jk_can": "jk",
    "nmea2000_battery": "nmea2000",
    "pylontech_hv": "pylontech_hv",
    "pylontech_lv": "pylontech",
    "sma_byd_hvs": "sma_hv",
    "victron_canbms": "pylontech",
}
"""By the file's name."""
ELSEWHERE = {"4200": "pylontech_hv", "8210": "pylontech_hv"}
"""A Growatt also asks for a Pylontech."""

type Values = dict[str, Any]


def vectors() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield the file, the set and the frame of every recording."""
    for path in sorted(FRAMES.glob("*.json")):
        for one in json.loads(path.read_text())["sets"]:
            for frame in one["frames"]:
                yield path.stem, one, frame


def key_of(frame: dict[str, Any]) -> int:
    """Return a frame's key; of NMEA 2000 that of the map, whatever its sender."""
    key = int(frame["id"], 16) | (EXTENDED if frame["ext"] else 0)
    return key & ~0xFF if "pgn" in frame else key


def map_for(file: str, frame: dict[str, Any]) -> FrameMap:
    return frame_map(ELSEWHERE.get(frame["id"], MAPS[file]))


def chosen(frames: FrameMap, key: int, name: str, value: Any) -> str | None:
    """Return what the map calls a value."""
    return frames.messages[key].signals[name].choices.get(value)


def _names(values: Values, prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name, value in values.items() if name.startswith(prefix) and value == 1]


WORDS: dict[str, Callable[[Values], Any] | str] = {
    "alarm": lambda v: _names(v, "alarm_"),
    "alarms": lambda v: _names(v, "alarm_"),
    "bytes_as_datetime": lambda v: "{year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}".format(**v),
    "capacity_Ah": "capacity",
    "cell_count": "cell_count",
    "cell_maker_code": "cell_maker",
    "cell_max_V": "cell_max",
    "cell_max_no": "cell_max_number",
    "cell_min_V": "cell_min",
    "cell_min_no": "cell_min_number",
    "cell_overvoltage": "level_cell_overvoltage",
    "cell_undervoltage": "level_cell_undervoltage",
    "cells_per_module": "cells_per_module",
    "charge_cmd": "charge",
    "charge_command": lambda v: v["charge"] == 0xAA,
    "charge_current_limit_A": "ccl",
    "charge_disabled_bit6": lambda v: bool(v["charge_forbidden"]),
    "charge_enable": lambda v: bool(v["charge_enable"]),
    "charge_limit_A": "ccl",
    "charge_voltage_V": "cvl",
    "charged_Wh": lambda v: round(v["energy_in"] * 1000),
    "counter": "counter",
    "current_A": lambda v: v["discharge_current"] if "discharge_current" in v else v["current"],
    "discharge_cmd": "discharge",
    "discharge_current_limit_A": "dcl",
    "discharge_enable": lambda v: bool(v["discharge_enable"]),
    "discharge_limit_A": "dcl",
    "discharge_time_h": "discharge_hours",
    "discharge_voltage_V": "dvl",
    "discharged_Wh": lambda v: round(v["energy_out"] * 1000),
    "energy_in_kWh": "energy_in",
    "energy_out_kWh": "energy_out",
    "force_charge_byte": "force_charge",
    "frame_no": "frame",
    "fw_bytes": lambda v: f"{v['firmware_high']:02X}{v['firmware_low']:02X}",
    "hw_bytes": lambda v: f"{v['hardware']:04X}",
    "installed_Ah": "installed_capacity",
    "instance": "instance",
    "manufacturer": "manufacturer",
    "max_V": "cvl",
    "min_V": "dvl",
    "module_count": "module_count",
    "modules_blocking_charge": "modules_blocking_charge",
    "modules_blocking_discharge": "modules_blocking_discharge",
    "modules_in_series": "modules_in_series",
    "modules_offline": "modules_offline",
    "modules_ok": "modules_ok",
    "name": "manufacturer",
    "nominal_cell_mV": lambda v: round(v["nominal_cell"] * 1000),
    "pack_text": "pack",
    "pack_undervoltage": "level_pack_undervoltage",
    "pcs_working": "working",
    "protection": lambda v: _names(v, "protect_"),
    "rated_capacity_mAh": lambda v: round(v["rated_capacity"] * 1000),
    "remaining_Ah": "remaining_capacity",
    "request": lambda v: {0: "pylon ensemble probe", 2: "system_equipment"}[v["request"]],
    "safety_spec": "safety_spec",
    "sid": "sid",
    "soc_low": "level_soc_low",
    "soc_pct": "soc",
    "soh_pct": "soh",
    "state": "state",
    "status_word": lambda v: "{:04x}".format(
        sum(
            v[name] << bit
            for name, bit in {
                "state": 0,
                "fault": 2,
                "balancing": 3,
                "sleeping": 4,
                "discharge_forbidden": 5,
                "charge_forbidden": 6,
                "battery_normal": 12,
                "insulation_seen": 13,
            }.items()
        )
    ),
    "sw_bytes": lambda v: f"{v['firmware']:04X}",
    "temp_C": "temperature",
    "temp_avg_C": "temperature_average",
    "temp_max_C": "temperature_max",
    "temp_max_K": lambda v: round(v["temperature_max"] + 273.15, 2),
    "temp_max_no": "temperature_max_number",
    "temp_min_C": "temperature_min",
    "temp_min_K": lambda v: round(v["temperature_min"] + 273.15, 2),
    "temp_min_no": "temperature_min_number",
    "temperature_C": "temperature",
    "temperature_K": "temperature",
    "temperature_high": "level_overtemperature",
    "temperature_low": "level_undertemperature",
    "text": lambda v: next(value for value in v.values() if isinstance(value, str)),
    "voltage_V": "voltage",
    "voltage_level_V": "voltage_level",
    "warnings": lambda v: _names(v, "warning_"),
}
"""What an expectation is called in our maps, or how it is made of what they tell."""


def told(name: str, values: Values) -> Any:
    """Return what a frame says of an expectation."""
    where = WORDS[name]
    return values[where] if isinstance(where, str) else where(values)
