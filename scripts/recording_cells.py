"""The cells of `recordings.py`: PyBaMM's single particle model with electrolyte (SPMe), solved for a pack at once.

Diffusion in particles and in the electrolyte is linear once its coefficients are held constant in the concentration. It
then falls into modes which decay each by itself: a step is exact, whatever its length, and costs microseconds.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from scripts.recording_chemistry import FARADAY, GAS, REFERENCE, Array, Chemistry

PARTICLE_MODES: Final = 25


def roots(count: int) -> Array:
    """Return the first positive solutions of tan(x) = x, the wave numbers of diffusion in a sphere."""
    turns = np.linspace(np.pi, np.pi * count, count)
    found: Array = turns + np.pi / 2
    for _ in range(20):
        found = turns + np.arctan(found)
    return found


def speed(activation: float, temperature: Array) -> Array:
    """Return how many times faster than at REFERENCE it goes; `activation` and `temperature` are K."""
    faster: Array = np.exp(activation * (1 / REFERENCE - 1 / temperature))
    return faster


class Cells:
    """Cells of one chemistry in series; currents are A, positive when charging, times s, `soc` 0 to 1."""

    def __init__(self, kind: Chemistry, *, capacity: Array, resistance: Array, soc: Array, hysteresis: float) -> None:
        """Take Ah, a factor to PyBaMM's own resistance, and V of half the hysteresis' loop."""
        self.chemistry, self.capacity, self.soc = kind, capacity, soc.copy()
        self.temperature: Array = np.full(soc.size, REFERENCE)
        self.swing: Array = np.zeros(soc.size)
        self._resistance, self._hysteresis = resistance, hysteresis
        self._area = capacity * 3600 / kind.charge
        wave = roots(PARTICLE_MODES)[:, None] ** 2
        # Each side's surface runs ahead of its mean; both are counted as SoC, so that both run the same way.
        ahead, salt = 2 / 3 / kind.charge, kind.electrolyte
        self._rates = np.vstack([wave * kind.negative.diffusion, wave * kind.positive.diffusion, salt.rates[:, None]])
        self._gains = np.vstack([np.full((2 * PARTICLE_MODES, 1), ahead), salt.gains[:, None]])
        self._late = (0.1 - np.sum(1 / wave)) * ahead / np.array([[kind.negative.diffusion], [kind.positive.diffusion]])
        self._modes: Array = np.zeros((self._rates.size, soc.size))
        self._decay: dict[float, tuple[Array, Array]] = {}
        self.warm(self.temperature)

    def warm(self, temperature: Array) -> None:
        """Take over the cells' temperatures, K."""
        sides, salt = (self.chemistry.negative, self.chemistry.positive), self.chemistry.electrolyte
        self.temperature = temperature.copy()
        self._diffusion = np.array([speed(side.diffusion_activation, temperature) for side in sides])
        self._exchange = np.array([speed(side.exchange_activation, temperature) for side in sides])
        paces = np.vstack([self._diffusion, speed(salt.activations[0], temperature)])
        self._speeds = np.repeat(paces, [PARTICLE_MODES, PARTICLE_MODES, salt.rates.size], axis=0)
        self._ohmic = salt.ohmic / speed(salt.activations[1], temperature) + self.chemistry.solid_ohmic
        self._decay.clear()

    def voltage(self, current: Array) -> Array:
        """Return V of each cell at the moment in which `current` flows."""
        kind, salt, density = self.chemistry, self.chemistry.electrolyte, current / self._area
        ahead = self._modes[: 2 * PARTICLE_MODES].reshape(2, PARTICLE_MODES, -1).sum(axis=1)
        surfaces = self.soc + ahead + self._late / self._diffusion * density
        barriers = np.zeros(current.size)
        for side, surface, faster in zip((kind.negative, kind.positive), surfaces, self._exchange, strict=True):
            exchange = side.over(surface, side.exchange) * faster
            barriers += 2 * np.arcsinh(density / (2 * side.surface * exchange))
        salts = np.maximum(salt.rest + salt.shapes @ self._modes[2 * PARTICLE_MODES :], 1.0)
        drops = density * self._ohmic + salt.pull * self.temperature * (salt.weights @ np.log(salts))
        drops += GAS / FARADAY * self.temperature * barriers
        volts: Array = kind.potential(*surfaces) + drops * self._resistance + self._hysteresis * self.swing
        return volts

    def advance(self, current: Array, seconds: float, bend: float) -> None:
        """Let `current` flow; `bend` is how many loops of the hysteresis a whole charge would pass."""
        if seconds not in self._decay:
            pace = self._rates * self._speeds
            decay = np.exp(-pace * seconds)
            self._decay[seconds] = decay, self._gains * (1 - decay) / pace
        decay, gain = self._decay[seconds]
        self._modes = self._modes * decay + gain * (current / self._area)
        moved = current * seconds / 3600 / self.capacity
        self.soc = self.soc + moved
        follow = 1 - np.exp(-bend * np.abs(moved))
        self.swing = self.swing + follow * (np.sign(current) - self.swing)
