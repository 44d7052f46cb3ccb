"""Batteries to tell inverters of."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from custom_components.home_bms.core.bank import Bank, Extreme
from custom_components.home_bms.core.presets import CHEMISTRIES
from custom_components.home_bms.core.protection import PROTECTION_KEYS
from custom_components.home_bms.hw.inverters.can_protocol import CanProtocol, Options

from .decoders import DECODERS, Words

HOME = Bank(
    time=0.0,
    cvl=55.2,
    dvl=46.4,
    ccl=120.0,
    dcl=200.0,
    charge_permitted=True,
    discharge_permitted=True,
    voltage=53.27,
    current=-31.4,
    soc=61.37,
    soh=97.0,
    temperature=23.4,
    cell_max=Extreme(value=3.341, pack=1, place=6),
    cell_min=Extreme(value=3.318, pack=0, place=14),
    temperature_max=Extreme(value=25.3, pack=1, place=1),
    temperature_min=Extreme(value=21.0, pack=0, place=0),
    capacity=560.0,
    remaining=343.7,
    cells=16,
    cycles=412.0,
    energy_in=2_345_600.0,
    energy_out=2_201_300.0,
    packs=2,
    serial_number="HB20261126001",
    firmware="1.17.2",
)
"""Two packs of 16 LFP cells, discharging."""
STACK = replace(
    HOME,
    cvl=360.0,
    dvl=300.0,
    ccl=30.0,
    dcl=30.0,
    voltage=345.6,
    current=12.3,
    cells=105,
    capacity=50.0,
    remaining=31.0,
    packs=1,
)
"""A high-voltage stack of seven modules of 15 cells, charging."""

# What a home has, what a field can just hold, and what no field can.
_amounts = st.one_of(
    st.floats(0, 400), st.floats(0, 1e7), st.sampled_from((0.0, 0.05, 0.1, 0.3, 3276.7, 3276.8, 6553.5, 1e300))
)
_voltages = st.one_of(st.floats(30, 70), st.floats(100, 900), st.floats(0, 1e6))
_signed = st.one_of(st.floats(-500, 500), st.floats(-1e9, 1e9), st.sampled_from((-0.05, 0.04, float("nan"))))
_percent = st.floats(0, 100)
_warmth = st.one_of(st.floats(-40, 90), st.floats(-1e5, 1e5))
_counts = st.one_of(st.integers(0, 20), st.integers(0, 10**6))
_texts = st.text(max_size=40)
_keys = st.frozensets(st.sampled_from((*PROTECTION_KEYS, "of_a_later_version")), max_size=6)


def _extremes(values: st.SearchStrategy[float]) -> st.SearchStrategy[Extreme | None]:
    return st.none() | st.builds(Extreme, value=values, pack=_counts, place=_counts)


banks = st.builds(
    Bank,
    time=st.floats(0, 1e9),
    cvl=_voltages,
    dvl=_voltages,
    ccl=_amounts,
    dcl=_amounts,
    charge_permitted=st.booleans(),
    discharge_permitted=st.booleans(),
    voltage=st.none() | _voltages,
    current=st.none() | _signed,
    soc=st.none() | _percent,
    soh=st.none() | _percent,
    temperature=st.none() | _warmth,
    cell_max=_extremes(st.floats(0, 10)),
    cell_min=_extremes(st.floats(0, 10)),
    temperature_max=_extremes(_warmth),
    temperature_min=_extremes(_warmth),
    capacity=_amounts,
    remaining=st.none() | _amounts,
    cells=_counts,
    cycles=st.none() | _amounts,
    energy_in=_amounts,
    energy_out=_amounts,
    packs=_counts,
    packs_offline=_counts,
    packs_blocking_charge=_counts,
    packs_blocking_discharge=_counts,
    warnings=_keys,
    alarms=_keys,
    balancing=st.booleans(),
    force_charge=st.booleans(),
    full_charge=st.booleans(),
    chemistry=st.sampled_from((*CHEMISTRIES, "another")),
    name=_texts,
    serial_number=_texts,
    firmware=_texts,
)
"""Any battery that there can be, and many that there cannot."""


def round_of(
    protocol: CanProtocol[Any], bank: Bank, options: Options | None = None
) -> dict[tuple[int, bool], list[bytes]]:
    """Return one round of frames, as lists of data by identifier."""
    chosen = protocol.options() if options is None else options
    frames: dict[tuple[int, bool], list[bytes]] = {}
    for row in protocol.rows(chosen):
        data = row.encode(bank, chosen)
        if data is not None:
            assert len(data) <= 8, row
            frames.setdefault((row.key & 0x1FFFFFFF, bool(row.key >> 31)), []).append(data)
    return frames


def heard_by(protocol: CanProtocol[Any], bank: Bank, options: Options | None = None) -> Words:
    """Return what an inverter learns of a battery."""
    return DECODERS[protocol.key](round_of(protocol, bank, options))
