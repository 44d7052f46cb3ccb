"""A pack behind a contactor: precharge resistor, link capacitor, load, timed outputs and what can break of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.contactors import CONTACTOR
from custom_components.home_bms.core.model import ContactorState, PackReading, Relays, Switches

from .conftest import Story, make_config, make_reading

STEP = 0.01


@dataclass(slots=True, kw_only=True)
class Plant:
    """Outputs drop when nobody renews them; a fault is a flag that a test sets."""

    voltage: float = 52.8
    precharge_resistance: float = 50.0
    capacitance: float = 0.010
    load: float = 5000.0
    """Ω across the link."""
    demand: float = 0.0
    """A that the inverter puts into the link; negative draws."""
    welded: bool = False
    stuck_open: bool = False
    blind: bool = False
    """The auxiliary contact tells nothing."""
    aux_stuck: bool | None = None
    main: bool = False
    """Where the contactor's contacts are."""
    link: float = 0.0
    current: float = 0.0
    time: float = 0.0
    relays: Relays = field(default_factory=lambda: Relays(main=False, precharge=False, pulse_until=None))
    coils: list[tuple[float, bool, bool]] = field(default_factory=list)
    """What the outputs really were, whenever that changed: time, main, precharge."""

    def apply(self, relays: Relays | None) -> None:
        """Do what home_bms says; without a word the timed output runs on until it ends."""
        if relays is None:
            return
        until = relays.pulse_until if relays.pulse_until is not None else self.relays.pulse_until
        self.relays = replace(relays, pulse_until=until)

    def run(self, until: float) -> None:
        """Let time pass in small steps."""
        while self.time < until - STEP / 2:
            self.time += STEP
            self._step()
        self.time = until

    def _step(self) -> None:
        alive = self.relays.pulse_until is not None and self.time < self.relays.pulse_until
        main, precharge = self.relays.main and alive, self.relays.precharge and alive
        if not self.coils or self.coils[-1][1:] != (main, precharge):
            self.coils.append((self.time, main, precharge))
        self.main = self.welded or (main and not self.stuck_open)
        conductance = (100.0 if self.main else 0.0) + (1 / self.precharge_resistance if precharge else 0.0)
        demand = self.demand if self.main else 0.0
        share = STEP / self.capacitance
        # Implicit, so that a closed contactor is not stiff.
        self.link = (self.link + share * (conductance * self.voltage + demand)) / (
            1 + share * (conductance + 1 / self.load)
        )
        self.current = (self.link - self.voltage) * conductance

    def reading(self, **changes: Any) -> PackReading:
        """Return what the sensors tell now."""
        position = None if self.blind else self.main if self.aux_stuck is None else self.aux_stuck
        facts: dict[str, Any] = {
            "current": round(self.current, 3),
            "link_voltage": self.link,
            "switches": Switches(charge=position, discharge=position),
            "commanded": Switches(charge=self.relays.main, discharge=self.relays.main),
            "switch_temperature": 30.0 + self.time % 2 / 10,
            "alarms": frozenset(),
        }
        return make_reading(self.time, **(facts | changes))


class RelayStory(Story):
    """A pack with a contactor that home_bms drives, living a poll at a time."""

    def __init__(self, *, poll: float = 1.0, wish: bool = True, plant: Plant | None = None, **rules: Any) -> None:
        config = make_config()
        super().__init__(replace(config, contactors=replace(CONTACTOR, **rules)))
        self.poll = poll
        self.plant = plant or Plant()
        self.plant.time = self.time
        if wish:
            self.wish(charge=True)

    def wish(self, **changes: Any) -> None:
        self.state = bms.wish(self.config, self.state, replace(self.state.wishes, **changes))

    def live(self, seconds: float, **changes: Any) -> ContactorState:
        """Poll for so many seconds; `changes` are what the sensors tell instead. Return the contactor's state."""
        for _ in range(round(seconds / self.poll)):
            self.time += self.poll
            self.plant.run(self.time)
            self.show(self.plant.reading(**changes))
            self.plant.apply(self.decision.relays)
        return self.contactor

    def mute(self, seconds: float) -> ContactorState:
        """Poll, but hear nothing new."""
        assert self.snapshot is not None
        last = self.snapshot.reading
        for _ in range(round(seconds / self.poll)):
            self.time += self.poll
            self.plant.run(self.time)
            self.show(replace(last, time=self.time))
            self.plant.apply(self.decision.relays)
        return self.contactor

    def until(self, state: ContactorState, within: float = 30.0, **changes: Any) -> float:
        """Poll until the contactor is in a state; return how long that took."""
        return self.when(lambda: self.contactor is state, within, **changes)

    def when(self, holds: Callable[[], bool], within: float = 30.0, **changes: Any) -> float:
        """Poll until something holds; return how long that took."""
        began = self.time
        while not holds():
            self.live(self.poll, **changes)
            assert self.time - began <= within, f"{self.contactor}, {self.failure} after {within} s"
        return self.time - began

    @property
    def contactor(self) -> ContactorState:
        return self.state.contactors.charge.state

    @property
    def failure(self) -> str | None:
        return self.state.contactors.charge.failure

    @property
    def relays(self) -> Relays:
        assert self.decision.relays is not None
        return self.decision.relays
