"""True dangers of the pack: what home_bms is there for while everything else goes wrong."""

from __future__ import annotations

from random import Random

from custom_components.home_bms.hw.virtual import VirtualPack
from custom_components.home_bms.hw.virtual.inverter import Manner

from ..matrix.bench import charge_of
from .house import POWER, House
from .table import Act, Fault, Layer

SLOT = "danger"
TOO_MUCH = (9000.0, 13000.0)
"""W: 170 to 250 A."""


def to_voltage(lowest: float, highest: float) -> Act:
    """Let one cell be at a voltage, under the current that flows now, whatever the others do."""

    def act(house: House, random: Random) -> None:
        house.look()
        index = house.notes["cell"] = random.randrange(len(house.pack.cells))
        cell = house.pack.cells[index]
        under_load = cell.voltage - cell.curve.at(cell.soc)[0]
        cell.soc = charge_of(random.uniform(lowest, highest) - under_load)
        house.pack.changed()

    return act


def as_the_others(house: House, random: Random) -> None:
    """Let the cell be as full as the others."""
    house.look()
    index = house.notes["cell"]
    level(house.pack, index)


def level(pack: VirtualPack, index: int) -> None:
    others = [cell.soc for number, cell in enumerate(pack.cells) if number != index]
    pack.cells[index].soc = sum(others) / len(others)
    pack.changed()


def inject(name: str, lowest: float, highest: float, *, cell: bool) -> Act:
    def act(house: House, random: Random) -> None:
        house.look()
        place = random.randrange(len(house.pack.cells)) if cell else None
        house.pack.inject(name, place, random.uniform(lowest, highest))

    return act


def clear(name: str) -> Act:
    def act(house: House, random: Random) -> None:
        house.look()
        house.pack.clear(name)

    return act


def disobey(house: House, random: Random) -> None:
    """Let the inverter move more than the pack may, whatever it is told."""
    house.look()
    inverter = house.mains.inverter
    inverter.manner = Manner.IGNORES_ALL
    inverter.power_max = random.uniform(*TOO_MUCH)
    way = random.choice((-1, 1))
    inverter.wants = lambda _: way * inverter.power_max


def obey(house: House, random: Random) -> None:
    house.look()
    inverter = house.mains.inverter
    inverter.manner, inverter.power_max = Manner.OBEYS, POWER
    inverter.wants = lambda _: house.mains.wish


def _row(key: str, text: str, how: str, begin: Act, end: Act, lasts: tuple[float, float] = (20.0, 120.0)) -> Fault:
    return Fault(
        key=key, layer=Layer.DANGER, text=text, how=how, slot=SLOT, lasts=lasts, begin=begin, end=end,
        hears_others=key == "disobeys", allowed="nothing towards the danger",
    )  # fmt: skip


DANGERS = (
    _row("full_cell", "A cell is far fuller than the others", "cell at 3.42 to 3.52 V", to_voltage(3.42, 3.52),
         as_the_others),
    _row("over_cell", "A cell is over its limit", "cell at 3.57 to 3.62 V", to_voltage(3.57, 3.62),
         as_the_others),
    _row("empty_cell", "A cell is far emptier than the others", "cell at 2.95 to 3.05 V", to_voltage(2.95, 3.05),
         as_the_others),
    _row("under_cell", "A cell is under its limit", "cell at 2.75 to 2.87 V", to_voltage(2.75, 2.87),
         as_the_others),
    _row("hot_cell", "A cell is hot at once", "cell at 51 to 57.5 °C", inject("hot_cell_now", 51.0, 57.5, cell=True),
         clear("hot_cell_now")),
    _row("heating_cell", "A cell heats up", "500 W into a cell", inject("hot_cell", 54.0, 58.0, cell=True),
         clear("hot_cell"), (120.0, 420.0)),
    _row("cold_pack", "The pack is cold", "all of it at -8 to -2 °C", inject("cold_pack", -8.0, -2.0, cell=False),
         clear("cold_pack")),
    _row("disobeys", "The inverter moves 170 to 250 A, whatever it is told", "inverter: ignores all",
         disobey, obey, (10.0, 60.0)),
)  # fmt: skip
