"""Tells the browser of one pack as it is now."""

from __future__ import annotations

from typing import Final

from ..coordinator import PackCoordinator
from ..core.model import Level
from ..entity import cells_heard, current_heard, pack_heard, temperatures_heard
from ..figures import cells, difference, from_one, power
from .schema import PackShown
from .why import Clock, alarm_shown, current_limit, voltage_limit, why

# s to which a countdown is told: it has no use for more, and would be news at every look.
_COUNTDOWN: Final = 60.0


def pack_shown(clock: Clock, pack: PackCoordinator) -> PackShown:
    """Return one look at a pack; what was not heard lately is not known, as for its entities."""
    snapshot, config = pack.latest, pack.config
    believed, decision, estimate = snapshot.believed, snapshot.decision, snapshot.estimate
    with_cells, with_current = cells_heard(snapshot), current_heard(snapshot)
    with_temperatures, with_anything = temperatures_heard(snapshot), pack_heard(snapshot)
    switches = snapshot.contactors
    left = decision.balance.remaining
    return PackShown(
        time=clock.at(decision.time),
        mode=decision.mode.value,
        link=believed.link.value,
        quality=believed.quality.value,
        age=believed.link_age,
        acting=pack.control_allowed,
        voltage=believed.voltage if with_current else None,
        current=believed.current if with_current else None,
        power=power(snapshot) if with_current else None,
        soc=estimate.soc if with_anything else None,
        soc_low=estimate.soc_low if with_anything else None,
        soc_high=estimate.soc_high if with_anything else None,
        stored_energy=estimate.life.stored_energy if with_anything else None,
        voltages=_filled(cells(config, snapshot) if with_cells else (), config.cells),
        temperatures=_filled(believed.temperatures if with_temperatures else (), config.temperature_sensors),
        switch_temperature=believed.switch_temperature if with_temperatures else None,
        doubts=dict(believed.doubts),
        highest=from_one(believed.cell_max_index) if with_cells else None,
        lowest=from_one(believed.cell_min_index) if with_cells else None,
        difference=difference(snapshot) if with_cells else None,
        resistances=[pack.view.cell_resistance(snapshot, cell) for cell in range(config.cells)],
        surpluses=[pack.view.cell_surplus(snapshot, cell) for cell in range(config.cells)],
        balancing=snapshot.reading.balancing if with_anything else None,
        bleeding=_bleeding(pack) if with_anything else None,
        balance=why(clock.at, decision.balance.reason),
        balance_remaining=None if left is None else _COUNTDOWN * round(left / _COUNTDOWN),
        charge_voltage=voltage_limit(clock, decision.cvl, config.cells * config.cell_voltage_full),
        charge_limit=current_limit(clock, decision.ccl, config.charge_current),
        discharge_limit=current_limit(clock, decision.dcl, config.discharge_current),
        charge_permitted=decision.charge_permitted,
        discharge_permitted=decision.discharge_permitted,
        charge_switch=switches.charge.state.value,
        discharge_switch=switches.discharge.state.value,
        one_contactor=config.contactors.relays,
        alarms=[alarm_shown(clock, alarm) for alarm in decision.alarms],
        tripped=decision.worst is Level.TRIP,
    )


def _filled(values: tuple[float | None, ...], count: int) -> list[float | None]:
    """Return one value for each cell or sensor of the pack, however many it told."""
    return [*values, *[None] * count][:count]


def _bleeding(pack: PackCoordinator) -> list[bool] | None:
    """Return which cells are bled, as the pack tells it."""
    bleed = pack.latest.reading.switches.bleed
    return None if bleed is None else list(bleed)
