"""Explains recorded CAN frames: logs of candump, and the vectors of this project's tests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from custom_components.home_bms.hw.can_device import CanDevice
from custom_components.home_bms.hw.can_devices import CAN_DEVICES, believable
from custom_components.home_bms.hw.can_ear import Ear
from custom_components.home_bms.hw.can_frame import CandumpError, CanFrame, parse_candump, spelled
from custom_components.home_bms.hw.can_maps import FOLDER, frame_map

FIRST: Final = ("pylontech", "pylontech_hv")
"""Maps that go before others where a frame fits several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One line or vector of a file."""

    name: str
    frame: CanFrame | None = None
    error: str | None = None


def recorded(content: bytes) -> list[Recorded] | None:
    """Return the CAN frames of a file, `None` if it is no recording of CAN."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    try:
        data = json.loads(text)
    except ValueError, RecursionError:
        return _lines(text)
    return _vectors(data["sets"]) if isinstance(data, Mapping) and isinstance(data.get("sets"), list) else None


def explained(frames: list[Recorded], wanted: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield what each frame says, by the map of the device `wanted` or by the one that knows most of the frames."""
    heard = [one.frame for one in frames if one.frame is not None]
    readers = _readers(heard, wanted)
    for one in frames:
        line: dict[str, Any] = {"id": one.name, "reading": None, "error": one.error}
        if one.frame is not None:
            line |= _said(one.frame, readers)
        yield line


class _Reader:
    """A frame map, with the nodes of its device where it has one."""

    def __init__(self, name: str, device: CanDevice | None) -> None:
        self.name = name
        self.frames = frame_map(name)
        self.device = device
        self._ear = None if device is None else Ear(device, self.frames)

    def knows(self, frame: CanFrame) -> int | None:
        """Return the key in the map of the message that a frame is."""
        key = None if self._ear is None else self._ear.key_of(frame)
        return frame.key if key is None and frame.key in self.frames.messages else key

    def take(self, frame: CanFrame) -> tuple[Mapping[str, Any] | None, bool]:
        """Return what a frame says, and whether it was broken."""
        if self._ear is None or self._ear.key_of(frame) is None:
            return self._plain(frame)
        before = self._ear.broken
        return self._ear.take(frame), self._ear.broken > before

    def _plain(self, frame: CanFrame) -> tuple[Mapping[str, Any] | None, bool]:
        try:
            return self.frames.decode(frame), False
        except ValueError:
            return {}, True


def _readers(frames: list[CanFrame], wanted: str | None) -> list[_Reader]:
    """Return the maps that know something of the frames, those that know most of them first."""
    if wanted is not None:
        device = CAN_DEVICES[wanted]
        return [_Reader(device.frames, device)]
    devices = {device.frames: device for device in CAN_DEVICES.values()}
    names = sorted((path.stem for path in FOLDER.glob("*.dbc")), key=lambda name: (name not in FIRST, name))
    scored: list[tuple[int, bool, _Reader]] = []
    for name in names:
        reader = _Reader(name, devices.get(name))
        score = len({frame.key for frame in frames if reader.knows(frame) is not None})
        if score:
            fits = reader.device is None or believable(reader.device, frames)
            scored.append((score, fits, reader))
    return [reader for _, _, reader in sorted(scored, key=lambda one: (not one[1], -one[0]))]


def _said(frame: CanFrame, readers: list[_Reader]) -> dict[str, Any]:
    """Return what one frame says."""
    about: dict[str, Any] = {"data": frame.data.hex().upper(), **({"time": frame.time} if frame.time else {})}
    if frame.error:
        return about | {"error": f"the controller reports an error of class {frame.id:#x}"}
    if frame.remote:
        return about | {"error": "a request without data"}
    for reader in readers:
        if (key := reader.knows(frame)) is None:
            continue
        values, broken = reader.take(frame)
        about |= {"map": reader.name, "message": reader.frames.messages[key].name}
        if broken:
            return about | {"error": "its checksum is wrong"}
        return about | ({"reading": dict(values)} if values else {"note": "it says nothing alone"})
    return about | {"error": "no frame map knows this identifier"}


def _lines(text: str) -> list[Recorded] | None:
    """Return the frames of a log, `None` if the first line is none of candump's."""
    found: list[Recorded] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            frame = parse_candump(line)
        except CandumpError as err:
            if not found:
                return None
            found.append(Recorded(name=f"line {number}", error=str(err)))
            continue
        found.append(Recorded(name=spelled(frame.key), frame=frame))
    return found or None


def _vectors(sets: list[Any]) -> list[Recorded]:
    """Return the frames of the tests' own files."""
    found: list[Recorded] = []
    for vector in (vector for one in sets if isinstance(one, Mapping) for vector in one.get("frames", ())):
        try:
            frame = CanFrame(
                id=int(vector["id"], 16), extended=bool(vector.get("ext")), data=bytes.fromhex(vector["data"])
            )
        except (KeyError, TypeError, ValueError) as err:
            found.append(Recorded(name=str(vector)[:40], error=f"this is no frame: {err}"))
            continue
        found.append(Recorded(name=vector["id"], frame=frame))
    return found
