"""Reads the files of earlier versions, and finds in a file what only a newer one can have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from . import learned, memory
from .codec import Codec, CodecError, UnknownError, codec
from .commissioning import Record
from .device_log import DeviceLog
from .inspection_book import Course
from .leases import LeaseBook
from .model import Wishes
from .obedience import Obedience
from .past import History
from .protection import LASTING, PROTECTION_KEYS
from .storage import StorageState
from .upkeep import Upkeep


class _Each(NamedTuple):
    """An object whose members, whatever their names, are all alike."""

    member: _Shape


class _ByKind(NamedTuple):
    """An object whose members' names may end in an underscore and the id of whom they belong to."""

    kinds: Mapping[str, _Shape]


type _Shape = Mapping[str, _Shape] | _Each | _ByKind | Codec | None
"""What is known of a value: its members by name, those of a type, or nothing, for it is somebody else's."""


def _names(*names: str) -> Mapping[str, _Shape]:
    return dict.fromkeys(names)


_PACK: Final[Mapping[str, _Shape]] = {
    **{part: _names(*names) for part, names in memory.NAMES.items()},
    "trips": dict.fromkeys(PROTECTION_KEYS, _names(*memory.EVIDENCE_NAMES)),
    "stops": dict.fromkeys(LASTING, _names(*memory.EVIDENCE_NAMES)),
    "wishes": codec(Wishes),
}
_SYSTEM: Final[Mapping[str, _Shape]] = {
    "sharing": {
        "charging": _names(*memory.CHARGING_NAMES),
        "shares": _Each(_names(*memory.SHARE_NAMES)),
    },
    "leases": codec(LeaseBook),
    "storage": codec(StorageState),
    "programmes": None,
    "inspections": {
        "version": None,
        "book": codec(Mapping[str, Course]),
        "upkeep": codec(Mapping[str, Upkeep]),
        "unreadable": None,
    },
    "changes": codec(DeviceLog),
    "commissioning": {"version": None, "record": codec(Record)},
    "inverter": {"memory": None, "obedience": codec(Obedience)},
    "limits": None,
}
_FILE: Final[Mapping[str, _Shape]] = {
    "saved_at": None,
    "control_allowed": None,
    "lost": None,
    "packs": _Each(_PACK),
    "system": _ByKind(_SYSTEM),
}
_LEARNED: Final = codec(learned.Learned)
_HISTORY: Final = codec(History)
_PAST: Final = "history"

# Of version 1, until 2026-11-26: whether a pack was full or empty is told by since when by now.
_RETIRED: Final = frozenset({"full", "empty"})


def from_version_1(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file of version 1 holds as version 2 keeps it; what is spoilt stays so, for others to judge."""
    packs = content.get("packs")
    if not isinstance(packs, Mapping):
        return dict(content)
    return {**content, "packs": {key: _without_retired(pack) for key, pack in packs.items()}}


def _without_retired(pack: Any) -> Any:  # noqa: ANN401 - JSON has no closed type
    estimate = pack.get("estimate") if isinstance(pack, Mapping) else None
    if not isinstance(estimate, Mapping):
        return pack
    return {**pack, "estimate": {name: value for name, value in estimate.items() if name not in _RETIRED}}


def unknown(content: object) -> str | None:
    """Return the first place of a system's file that this version does not know, `None` where it knows them all.

    Only names count: a value that cannot be is spoilt, not newer, and so is a file that holds no packs.
    """
    if not isinstance(content, Mapping) or "packs" not in content:
        return None
    return _unknown(_FILE, content, "")


def unknown_learned(content: object) -> str | None:
    """Return the same of the file of what was learned."""
    packs = content.get("packs") if isinstance(content, Mapping) else None
    for key, kept in packs.items() if isinstance(packs, Mapping) else ():
        if isinstance(kept, Mapping) and (found := _unknown_of_pack(kept, f"packs.{key}")) is not None:
            return found
    return None


def _unknown_of_pack(kept: Mapping[str, Any], place: str) -> str | None:
    version = kept.get("format")
    if isinstance(version, int) and version > learned.FORMAT:
        return f"{place}.format: {version}"
    # What was lived through is no field of it.
    rest = {name: value for name, value in kept.items() if name != _PAST}
    return _unknown(_LEARNED, rest, place) or _unknown(_HISTORY, kept.get(_PAST), f"{place}.{_PAST}")


def _unknown(shape: _Shape, value: object, place: str) -> str | None:
    if isinstance(shape, Codec):
        try:
            shape.decode(value)
        except UnknownError as err:
            return str(err.within(place))
        except CodecError:
            return None
        return None
    if shape is None or not isinstance(value, Mapping):
        return None
    for name, part in value.items():
        within = f"{place}.{name}" if place else name
        try:
            member = _member(shape, name)
        except KeyError:
            return within
        if (found := _unknown(member, part, within)) is not None:
            return found
    return None


def _member(shape: Mapping[str, _Shape] | _Each | _ByKind, name: str) -> _Shape:
    """Return what is known of a member. Raises KeyError for one that is not."""
    if isinstance(shape, _Each):
        return shape.member
    return shape.kinds[name.partition("_")[0]] if isinstance(shape, _ByKind) else shape[name]
