"""The workbench's `encode`: prints the CAN frames that an inverter would be told of a battery."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any, Final, override

from custom_components.home_bms.core.bank import Bank, Extreme
from custom_components.home_bms.core.model import ConfigError
from custom_components.home_bms.hw.can_frame import candump_line, frame_of, spelled
from custom_components.home_bms.hw.inverters.can_protocol import CanProtocol, Options, options_from_data
from custom_components.home_bms.hw.inverters.presets import CAN_PROTOCOLS, NO_OPTIONS, PRESETS


class SnapshotError(ValueError):
    """A snapshot that is none; the message names the field and what may stand there."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a field may be."""

    least: float
    most: float
    unit: str
    whole: bool = False

    def read(self, found: object) -> float:
        """Return the number. Raises TypeError or ValueError."""
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise TypeError
        if not isfinite(found) or not self.least <= found <= self.most or (self.whole and found != int(found)):
            raise ValueError(found)
        return int(found) if self.whole else float(found)

    @override
    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.least:g} to {self.most:g}{self.unit and f' {self.unit}'}"


_VOLTAGE: Final = Range(0, 2000, "V")
_LIMIT: Final = Range(0, 5000, "A")
_PERCENT: Final = Range(0, 100, "%")
_TEMPERATURE: Final = Range(-100, 200, "degC")
_CHARGE: Final = Range(0, 1e6, "Ah")
_ENERGY: Final = Range(0, 1e12, "Wh")
_COUNT: Final = Range(0, 10000, "", whole=True)
NUMBERS: Final[Mapping[str, Range]] = {
    **dict.fromkeys(("cvl", "dvl", "voltage"), _VOLTAGE),
    **dict.fromkeys(("ccl", "dcl"), _LIMIT),
    "current": Range(-5000, 5000, "A"),
    **dict.fromkeys(("soc", "soh"), _PERCENT),
    "temperature": _TEMPERATURE,
    **dict.fromkeys(("capacity", "remaining"), _CHARGE),
    **dict.fromkeys(("energy_in", "energy_out"), _ENERGY),
    "cycles": Range(0, 1e6, ""),
    **dict.fromkeys(("cells", "packs", "packs_offline", "packs_blocking_charge", "packs_blocking_discharge"), _COUNT),
}
EXTREMES: Final[Mapping[str, Range]] = {
    **dict.fromkeys(("cell_max", "cell_min"), Range(0, 10, "V")),
    **dict.fromkeys(("temperature_max", "temperature_min"), _TEMPERATURE),
}
TRUTHS: Final = frozenset({"charge_permitted", "discharge_permitted", "balancing", "force_charge", "full_charge"})
KEYS: Final = frozenset({"warnings", "alarms"})
TEXTS: Final = frozenset({"chemistry", "name", "serial_number", "firmware"})
UNKNOWN: Final = frozenset(part.name for part in fields(Bank) if part.default is None)
"""Fields that may be `null`."""
REFUSALS: Final[Mapping[str, str]] = {
    "can_option_unknown": "there is no option {field}; there are {known}",
    "can_option_value": "option {field} is one of {takes}, not {value}",
    "can_option_text": "option {field} is a text of at most {most} letters, not {value}",
    "can_option_number": "option {field} is a number from {least} to {most}, not {value}",
    "can_option_whole": "option {field} is a whole number from {least} to {most}, not {value}",
}
"""What is wrong with an option."""


def add_encode(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the workbench's."""
    known = ", ".join((*CAN_PROTOCOLS, *(key for key in PRESETS if key not in CAN_PROTOCOLS)))
    parser = commands.add_parser(
        "encode",
        help="print the CAN frames that an inverter would be told of a battery",
        description="The lines are those of candump -L, one for each frame of the protocol in the order in which they "
        "are sent; what is left out, because the protocol has no word for what is not known, is said on stderr.",
    )
    parser.add_argument("protocol", metavar="PROTOCOL", help=f"a protocol or a make of inverter: {known}")
    parser.add_argument(
        "file",
        type=Path,
        help='the battery as JSON, as {"cvl": 55.2, "ccl": 100, "dcl": 120, "voltage": 53.1, "soc": 60}; only cvl must '
        "be there, limits that are not given are 0, and the rest is not known; - reads standard input",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="options",
        help="one of the protocol's options, as all_eight_bytes=true; may be repeated",
    )
    parser.add_argument("--bus", default="can0", help="the bus that the lines name (default: can0)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the frames; return the exit code."""
    try:
        protocol, options = chosen(given.protocol, dict(map(setting, given.options)))
        text = sys.stdin.read() if str(given.file) == "-" else given.file.read_text()
        bank = bank_of(json.loads(text))
    except OSError as err:
        return refuse(f"cannot read {given.file}: {err.strerror}")
    except ConfigError as err:
        return refuse(option_words(err))
    except SnapshotError as err:
        return refuse(f"{given.file}: {err}")
    except (ValueError, RecursionError) as err:
        return refuse(str(err))
    times = {row: row.phase + index * protocol.spacing for index, row in enumerate(protocol.rows(options))}
    for row, time in sorted(times.items(), key=lambda item: item[1]):
        data = row.encode(bank, options)
        if data is None:
            print(f"bms: {spelled(row.key)} ({row.name}) is left out: it would tell what is not known", file=sys.stderr)
        else:
            print(candump_line(frame_of(row.key, data), given.bus, time))
    return 0


def chosen(name: str, options: Mapping[str, object]) -> tuple[CanProtocol[Any], Options]:
    """Return a protocol, by its own name or a make of inverter, and its options. Raises ValueError, ConfigError."""
    if name in CAN_PROTOCOLS:
        protocol, own = CAN_PROTOCOLS[name], NO_OPTIONS
    elif name in PRESETS:
        protocol, own = PRESETS[name].protocol, PRESETS[name].options
    else:
        raise ValueError(f"{name} is no protocol; there are {', '.join(CAN_PROTOCOLS)}, and {', '.join(PRESETS)}")
    return protocol, options_from_data(protocol.options, {**own, **options})


def setting(text: str) -> tuple[str, str]:
    """Return the name and value of `NAME=VALUE`. Raises ValueError."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} has no '='")
    return name, value


def option_words(err: ConfigError) -> str:
    """Return in words what is wrong with an option."""
    return REFUSALS[err.key].format(field=err.field, **err.placeholders)


def bank_of(data: object) -> Bank:
    """Return the battery of a JSON snapshot. Raises SnapshotError.

    Limits that are not given are 0, and what is permitted follows from them where it is not said.
    """
    if not isinstance(data, Mapping):
        raise SnapshotError("a snapshot is a JSON object")
    names = [part.name for part in fields(Bank)]
    for name in data:
        if name not in names:
            raise SnapshotError(f"{name} is no field of a battery; there are {', '.join(names)}")
    if "cvl" not in data:
        raise SnapshotError(f"cvl is missing: {NUMBERS['cvl']}")
    values: dict[str, Any] = {"time": 0.0, "dvl": 0.0, "ccl": 0.0, "dcl": 0.0}
    values |= {name: field_of(name, found) for name, found in data.items()}
    permitted = {"charge_permitted": values["ccl"] > 0, "discharge_permitted": values["dcl"] > 0}
    return Bank(**permitted | values)


def field_of(name: str, found: object) -> object:
    """Return the value of a field. Raises SnapshotError."""
    if found is None and name in UNKNOWN:
        return None
    read, wanted = reader(name)
    try:
        return read(found)
    except (TypeError, ValueError, KeyError) as err:
        raise SnapshotError(f"{name} is {wanted}, not {json.dumps(found)}") from err


def reader(name: str) -> tuple[Callable[[Any], object], str]:
    """Return what reads a field, and what may stand there."""
    if name in NUMBERS:
        return NUMBERS[name].read, str(NUMBERS[name])
    if name in EXTREMES:
        span = EXTREMES[name]
        return lambda found: extreme(span, found), f'{span}, or {{"value": .., "pack": .., "place": ..}} of that'
    if name in TRUTHS:
        return truth, "true or false"
    if name in KEYS:
        return keys, "a list of names of protections"
    if name in TEXTS:
        return text_of, "a text"
    return Range(0, 1e12, "s").read, str(Range(0, 1e12, "s"))


def extreme(span: Range, found: Any) -> Extreme:  # noqa: ANN401 - JSON
    """Return a highest or lowest value, with or without its place. Raises TypeError, ValueError, KeyError."""
    if not isinstance(found, Mapping):
        return Extreme(value=span.read(found), pack=0, place=0)
    if unknown := set(found) - {"value", "pack", "place"}:
        raise ValueError(unknown)
    where = {name: int(_COUNT.read(found.get(name, 0))) for name in ("pack", "place")}
    return Extreme(value=span.read(found["value"]), **where)


def truth(found: object) -> bool:
    """Return true or false. Raises TypeError."""
    if not isinstance(found, bool):
        raise TypeError
    return found


def text_of(found: object) -> str:
    """Return a text. Raises TypeError."""
    if not isinstance(found, str):
        raise TypeError
    return found


def keys(found: object) -> frozenset[str]:
    """Return the names of a list. Raises TypeError."""
    if not isinstance(found, list):
        raise TypeError
    return frozenset(map(text_of, found))


def refuse(message: str) -> int:
    """Say why nothing is printed; return the exit code."""
    print(f"bms: {message}", file=sys.stderr)
    return 2
