"""Compares the cells of `recordings.py` with PyBaMM's own SPMe."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import numpy as np

from scripts.recording_cells import Cells
from scripts.recording_chemistry import REFERENCE, Array, Chemistry, Recipe, chemistry, parameters

PIECE: Final = 43200
"""s solved at once, for PyBaMM's cost grows with the table of the current."""
CORNER: Final = 0.01
"""s in which the current of PyBaMM's table changes from one row to the next."""
POINTS: Final = {"r_n": 60, "r_p": 60, "x_n": 20, "x_s": 10, "x_p": 20}


def difference(recipe: Recipe, currents: Array, step: float, capacity: float, soc: float) -> tuple[float, float]:
    """Return mV by which the two differ, at most and RMS: a cell of `capacity` Ah at 25 °C, from `soc` (0 to 1) on."""
    made = chemistry(recipe)
    apart = 1000 * (_ours(made, currents, step, capacity, soc) - _theirs(recipe, made, currents, step, capacity, soc))
    return float(np.max(np.abs(apart))), float(np.sqrt(np.mean(apart**2)))


def _ours(made: Chemistry, currents: Array, step: float, capacity: float, soc: float) -> Array:
    cells = Cells(made, capacity=np.array([capacity]), resistance=np.ones(1), soc=np.array([soc]), hysteresis=0.0)
    volts = np.empty(currents.size)
    for row, current in enumerate(currents):
        flow = np.array([current])
        volts[row] = cells.voltage(flow)[0]
        cells.advance(flow, step, 0.0)
    return volts


def _theirs(recipe: Recipe, made: Chemistry, currents: Array, step: float, capacity: float, soc: float) -> Array:
    pybamm: Any = import_module("pybamm")
    values = parameters(recipe)
    values.update(_cell(values, made, capacity, soc))
    model = pybamm.lithium_ion.SPMe()
    # Without `dt_max` the solver steps over short pulses after rests.
    solver = pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8, options={"dt_max": step})
    volts: list[Array] = []
    for rows in np.array_split(np.arange(currents.size), max(1, round(currents.size * step / PIECE))):
        begins, ends = rows * step, (rows + 1) * step - CORNER
        ends[-1] += CORNER
        times, flow = np.stack([begins, ends], axis=1).ravel(), np.repeat(currents[rows], 2)
        # PyBaMM counts discharging as positive.
        values["Current function [A]"] = pybamm.Interpolant(times, -flow, pybamm.t)
        simulation = pybamm.Simulation(model, parameter_values=values, solver=solver, var_pts=POINTS)
        solution = simulation.solve([begins[0], begins[-1] + step], t_interp=begins)
        model = model.set_initial_conditions_from(solution, inplace=False)
        volts.append(np.asarray(solution["Voltage [V]"](begins)))
    return np.concatenate(volts)


def _cell(values: Any, made: Chemistry, capacity: float, soc: float) -> dict[str, float]:  # noqa: ANN401
    concentrations = {
        f"Initial concentration in {name} electrode [mol.m-3]": values[
            f"Maximum concentration in {name} electrode [mol.m-3]"
        ]
        * (side.empty + (side.full - side.empty) * soc)
        for name, side in (("negative", made.negative), ("positive", made.positive))
    }
    return concentrations | {
        "Electrode height [m]": 1.0,
        "Electrode width [m]": capacity * 3600 / made.charge,
        "Nominal cell capacity [A.h]": capacity,
        "Initial temperature [K]": REFERENCE,
        "Ambient temperature [K]": REFERENCE,
        # Wide open: a table may end where the cell is full.
        "Lower voltage cut-off [V]": 0.5,
        "Upper voltage cut-off [V]": 5.0,
    }
