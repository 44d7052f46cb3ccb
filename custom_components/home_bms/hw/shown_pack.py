"""What of a pack others may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..core.model import Level, PackConfig, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPack:
    """One pack as others may see it; `None` is not known. Units as everywhere, current positive when charging."""

    serial_number: str = ""
    capacity: float
    """Ah, rated, as the three below."""
    charge_current: float
    discharge_current: float
    energy: float
    """Wh."""
    cells: tuple[float | None, ...] = ()
    temperatures: tuple[float | None, ...] = ()
    voltage: float | None = None
    current: float | None = None
    soc: float | None = None
    soh: float | None = None
    cycles: float | None = None
    charges: bool | None = None
    """Whether its charge switch is closed."""
    discharges: bool | None = None
    balancing: tuple[bool, ...] | None = None
    """Which of its cells are bled."""
    warnings: frozenset[str] = frozenset()
    """Keys of the protections that warn or lower a limit."""
    alarms: frozenset[str] = frozenset()
    """Keys of the protections that stop or trip."""
    heard: bool = True
    """Whether what is told is of now."""

    @property
    def connected(self) -> bool:
        """Whether both switches are known to be closed."""
        return self.charges is True and self.discharges is True


def shown_pack(config: PackConfig, snapshot: Snapshot, serial_number: str = "") -> ShownPack:
    """Return a pack as its last look saw it; what is older than limits may rest on is not told."""
    believed, reading, estimate = snapshot.believed, snapshot.reading, snapshot.estimate
    alarms = snapshot.decision.alarms
    pack = ShownPack(
        serial_number=serial_number,
        capacity=config.capacity,
        charge_current=config.charge_current,
        discharge_current=config.discharge_current,
        energy=config.energy[-1],
        cells=believed.cells,
        temperatures=believed.temperatures,
        voltage=believed.voltage,
        current=believed.current,
        soc=estimate.soc,
        soh=estimate.life.soh,
        cycles=reading.cycles,
        charges=reading.switches.charge,
        discharges=reading.switches.discharge,
        balancing=_bled(len(believed.cells), reading.balancing, reading.switches.bleed),
        warnings=frozenset(alarm.key for alarm in alarms if alarm.level < Level.PROTECT),
        alarms=frozenset(alarm.key for alarm in alarms if alarm.level >= Level.PROTECT),
        heard=believed.link_age < config.age_stop,
    )
    pack = pack if believed.cells_age < config.age_stop else replace(pack, cells=_nothing(pack.cells))
    pack = pack if believed.current_age < config.age_stop else replace(pack, voltage=None, current=None)
    return (
        pack if believed.temperatures_age < config.age_stop else replace(pack, temperatures=_nothing(pack.temperatures))
    )


def unheard(pack: ShownPack) -> ShownPack:
    """Return what remains of a pack of which nothing of now is known."""
    return ShownPack(
        serial_number=pack.serial_number,
        capacity=pack.capacity,
        charge_current=pack.charge_current,
        discharge_current=pack.discharge_current,
        energy=pack.energy,
        cells=_nothing(pack.cells),
        temperatures=_nothing(pack.temperatures),
        warnings=pack.warnings,
        alarms=pack.alarms,
        heard=False,
    )


def _nothing(values: Sequence[float | None]) -> tuple[None, ...]:
    return (None,) * len(values)


def _bled(cells: int, balancing: bool | None, bleed: tuple[bool, ...] | None) -> tuple[bool, ...] | None:
    """Return which cells are bled; while a device balances that does not say which, that is not known."""
    if balancing is False:
        return (False,) * cells
    return bleed if balancing else None
