"""What the cells of `recordings.py` are made of: numbers out of PyBaMM's parameter sets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]

FARADAY: Final = 96485.33
GAS: Final = 8.314463
REFERENCE: Final = 298.15
"""K."""
GRID: Final[Array] = np.linspace(1e-5, 1 - 1e-5, 20001)
"""Stoichiometries of the tables."""
LAYERS: Final = {"Negative electrode": 10, "Separator": 6, "Positive electrode": 10}
"""Finite volumes of the electrolyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A parameter set of PyBaMM, what is changed in it, and the equilibrium voltages of 0 and 100 % SoC."""

    parameters: str
    negative: str | None = None
    """Another set whose negative electrode takes the place of its own."""
    changes: Mapping[str, float | Callable[[Any], Any]]
    cut_offs: tuple[float, float]


def titanate(stoichiometry: Any) -> Any:  # noqa: ANN401 - an expression of PyBaMM or a number
    """Return V of a lithium titanate electrode: a stand-in, flat at 1.55 V with steep ends, measured nowhere."""
    rise = 0.9 * np.exp(-90 * stoichiometry) - 0.6 * np.exp(-60 * (1 - stoichiometry))
    return 1.56 - 0.02 * stoichiometry + rise


RECIPES: Final[Mapping[str, Recipe]] = {
    "lfp": Recipe(parameters="Prada2013", changes={}, cut_offs=(2.0, 3.6)),
    # The same positive electrode against another graphite, with 12 % more room in it than the positive one fills: its
    # steps lie near 20 and 60 % instead of 35 and 75 %.
    "lfp_other": Recipe(
        parameters="Prada2013",
        negative="Mohtat2020",
        changes={
            "Negative electrode thickness [m]": 43.6e-6,
            "Initial concentration in negative electrode [mol.m-3]": 0.85 * 28746,
        },
        cut_offs=(2.5, 3.6),
    ),
    "nmc": Recipe(parameters="Chen2020", changes={}, cut_offs=(2.8, 4.2)),
    # Lithium titanate in Mohtat2020's place of graphite: as much of it as the positive electrode can fill between 3.65
    # and 4.05 V. 22700 mol/m3 follow from its density; particle and diffusivity are stand-ins like its potential.
    "lto": Recipe(
        parameters="Mohtat2020",
        changes={
            "Negative electrode OCP [V]": titanate,
            "Negative electrode OCP entropic change [V.K-1]": 0.0,
            "Maximum concentration in negative electrode [mol.m-3]": 22700.0,
            "Initial concentration in negative electrode [mol.m-3]": 0.01 * 22700,
            "Initial concentration in positive electrode [mol.m-3]": 0.93 * 35380,
            "Negative electrode thickness [m]": 52e-6,
            "Negative particle radius [m]": 1e-6,
            "Negative particle diffusivity [m2.s-1]": 1e-15,
        },
        cut_offs=(1.8, 2.8),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Electrode:
    """One electrode; its charge is in C for each m2 of the cell."""

    potential: Array
    exchange: Array
    """A/m2, over GRID."""
    exchange_activation: float
    """K, as every activation here."""
    charge: float
    surface: float
    """m2 of particles for each m2 of the cell."""
    diffusion: float
    """1/s: diffusivity over the square of the radius."""
    diffusion_activation: float
    empty: float
    """Stoichiometry at 0 % SoC; `full` is that at 100 %."""
    full: float

    def over(self, soc: Array, table: Array) -> Array:
        """Return what the table over GRID says where the electrode is at this SoC, 0 to 1."""
        found: Array = np.interp(self.empty + (self.full - self.empty) * soc, GRID, table)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Electrolyte:
    """Salt between and inside the electrodes, as modes of its concentration."""

    rates: Array
    gains: Array
    """mol/m3 of a mode in a second, for each A/m2 of charging current."""
    shapes: Array
    weights: Array
    """Mean over the positive electrode less mean over the negative one."""
    rest: float
    """mol/m3."""
    ohmic: float
    """Ω·m2 at REFERENCE."""
    activations: tuple[float, float]
    """Of diffusion, and of conduction."""
    pull: float
    """V for each K and unit of the logarithm of the concentrations' ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chemistry:
    """All that is needed of a recipe."""

    negative: Electrode
    positive: Electrode
    electrolyte: Electrolyte
    solid_ohmic: float
    """Ω·m2."""
    charge: float
    """C/m2 between 0 and 100 % SoC."""

    def equilibrium(self, soc: Array) -> Array:
        """Return V at rest; `soc` is 0 to 1."""
        return self.potential(soc, soc)

    def potential(self, negative: Array, positive: Array) -> Array:
        """Return V of the two surfaces, each given as the SoC at which it would be in equilibrium."""
        low, high = self.negative, self.positive
        return high.over(positive, high.potential) - low.over(negative, low.potential)


def parameters(recipe: Recipe) -> Any:  # noqa: ANN401 - pybamm.ParameterValues
    """Return the recipe's parameters; needs PyBaMM."""
    os.environ.setdefault("PYBAMM_DISABLE_TELEMETRY", "true")
    pybamm: Any = import_module("pybamm")
    values = pybamm.ParameterValues(recipe.parameters)
    if recipe.negative is not None:
        other = pybamm.ParameterValues(recipe.negative)
        parts = ("Negative", "Maximum concentration in negative")
        taken = {key: other[key] for key in other if key.startswith(parts)}
        values.update(taken, check_already_exists=False)
    values.update(dict(recipe.changes))
    return values


class Reader:
    """Numbers out of PyBaMM's parameters, whether they are given as such or as functions."""

    def __init__(self, values: Any) -> None:  # noqa: ANN401 - pybamm.ParameterValues
        self._pybamm: Any = import_module("pybamm")
        self._values = values

    def table(self, name: str, *inputs: float | Array) -> Array:
        """Return the parameter over arrays, or as an array of one."""
        found = self._values[name]
        if not callable(found):
            return np.full(1, float(found))
        vectors = [self._pybamm.Vector(np.atleast_1d(given)) for given in inputs]
        found = self._values.process_symbol(found(*vectors)).evaluate()
        return np.asarray(found, dtype=float).ravel()

    def number(self, name: str, *inputs: float) -> float:
        """Return the parameter at one place."""
        return float(self.table(name, *inputs)[0])

    def activation(self, name: str, *inputs: float) -> float:
        """Return K of what the parameter does with temperature, its last input."""
        warm, cold = REFERENCE, REFERENCE - 15.0
        ratio = self.number(name, *inputs, warm) / self.number(name, *inputs, cold)
        return float(np.log(ratio) / (1 / cold - 1 / warm))


def chemistry(recipe: Recipe) -> Chemistry:
    """Take from PyBaMM what the model needs."""
    reader = Reader(parameters(recipe))
    sides = {side: _electrode(reader, side) for side in ("Negative", "Positive")}
    negative, positive = sides["Negative"], sides["Positive"]
    # Charge that moves from the initial concentrations until a cut-off is reached; voltage rises with it.
    moves = np.linspace(-positive.charge, positive.charge, 400001)
    filled = negative.empty + moves / negative.charge
    left = positive.empty - moves / positive.charge
    inside = (filled > GRID[0]) & (filled < GRID[-1]) & (left > GRID[0]) & (left < GRID[-1])
    volts = np.interp(left, GRID, positive.potential) - np.interp(filled, GRID, negative.potential)
    empty, full = np.interp(recipe.cut_offs, volts[inside], moves[inside])
    return Chemistry(
        negative=_between(negative, empty / negative.charge, full / negative.charge),
        positive=_between(positive, -empty / positive.charge, -full / positive.charge),
        electrolyte=_electrolyte(reader),
        solid_ohmic=sum(_solid(reader, side) for side in sides),
        charge=float(full - empty),
    )


def _between(electrode: Electrode, empty: float, full: float) -> Electrode:
    return replace(electrode, empty=float(electrode.empty + empty), full=float(electrode.full + full))


def _electrode(reader: Reader, side: str) -> Electrode:
    electrode, particle, low = f"{side} electrode", f"{side} particle", side.lower()
    share = reader.number(f"{electrode} active material volume fraction")
    thickness, radius = reader.number(f"{electrode} thickness [m]"), reader.number(f"{particle} radius [m]")
    most = reader.number(f"Maximum concentration in {low} electrode [mol.m-3]")
    salt = reader.number("Initial concentration in electrolyte [mol.m-3]")
    exchange, diffusivity = f"{electrode} exchange-current density [A.m-2]", f"{particle} diffusivity [m2.s-1]"
    start = reader.number(f"Initial concentration in {low} electrode [mol.m-3]") / most
    return Electrode(
        potential=reader.table(f"{electrode} OCP [V]", GRID),
        exchange=reader.table(exchange, salt, GRID * most, most, REFERENCE),
        exchange_activation=reader.activation(exchange, salt, most / 2, most),
        charge=share * thickness * most * FARADAY,
        surface=3 * share * thickness / radius,
        diffusion=reader.number(diffusivity, 0.5, REFERENCE) / radius**2,
        diffusion_activation=reader.activation(diffusivity, 0.5),
        empty=start,
        full=start,
    )


def _solid(reader: Reader, side: str) -> float:
    name = f"{side} electrode"
    share = (1 - reader.number(f"{name} porosity")) ** reader.number(f"{name} Bruggeman coefficient (electrode)")
    conductivity = reader.number(f"{name} conductivity [S.m-1]", 0.5, REFERENCE)
    return reader.number(f"{name} thickness [m]") / (3 * conductivity * float(share))


def _electrolyte(reader: Reader) -> Electrolyte:
    salt = reader.number("Initial concentration in electrolyte [mol.m-3]")
    diffusivity, conductivity = "Electrolyte diffusivity [m2.s-1]", "Electrolyte conductivity [S.m-1]"
    thick = np.array([reader.number(f"{name} thickness [m]") for name in LAYERS])
    open_share = np.array([reader.number(f"{name} porosity") for name in LAYERS])
    bent = open_share ** [reader.number(f"{name} Bruggeman coefficient (electrolyte)") for name in LAYERS]
    carried = 1 - reader.number("Cation transference number", salt, REFERENCE)
    counts = list(LAYERS.values())
    width, mass = np.repeat(thick / counts, counts), np.repeat(thick * open_share / counts, counts)
    half = width / 2 / (np.repeat(bent, counts) * reader.number(diffusivity, salt, REFERENCE))
    rates, vectors = _modes(mass, half)
    # Charging takes salt away in the negative electrode and brings it in the positive one.
    sides, root = np.array([-1.0, 0.0, 1.0]), np.sqrt(mass)
    enters = np.repeat(sides * carried / (FARADAY * thick), counts) * width
    return Electrolyte(
        rates=rates,
        gains=vectors.T @ (enters / root),
        shapes=vectors / root[:, None],
        weights=np.repeat(sides / counts, counts),
        rest=salt,
        ohmic=float(np.sum(thick / bent / (3, 1, 3)) / reader.number(conductivity, salt, REFERENCE)),
        activations=(reader.activation(diffusivity, salt), reader.activation(conductivity, salt)),
        pull=2 * carried * reader.number("Thermodynamic factor", salt, REFERENCE) * GAS / FARADAY,
    )


def _modes(mass: Array, half: Array) -> tuple[Array, Array]:
    """Return rates and shapes of diffusion along volumes of `mass`, with the resistance from middle to rim of each."""
    matrix = np.zeros((mass.size, mass.size))
    for left, flow in enumerate(1 / (half[:-1] + half[1:])):
        matrix[left : left + 2, left : left + 2] += flow * np.array([[1, -1], [-1, 1]])
    # Symmetric in the square root of the mass; the first mode, all salt there is, stays as it is.
    root = np.sqrt(mass)
    rates, vectors = np.linalg.eigh(matrix / np.outer(root, root))
    return rates[1:], vectors[:, 1:]
