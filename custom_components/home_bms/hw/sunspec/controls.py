"""The SunSpec model that sets the power of an inverter, as `modbus/08_sunspec.md` lists it."""

from __future__ import annotations

from typing import Final

from .block import model

CONTROLS: Final = model(
    704,
    "controls",
    """
    PFWInjEna enum16
    PFWInjEnaRvrt enum16
    PFWInjRvrtTms uint32
    PFWInjRvrtRem uint32
    PFWAbsEna enum16
    PFWAbsEnaRvrt enum16
    PFWAbsRvrtTms uint32
    PFWAbsRvrtRem uint32
    WMaxLimPctEna enum16
    WMaxLimPct uint16 WMaxLimPct_SF
    WMaxLimPctRvrt uint16 WMaxLimPct_SF
    WMaxLimPctEnaRvrt enum16
    WMaxLimPctRvrtTms uint32
    WMaxLimPctRvrtRem uint32
    WSetEna enum16
    WSetMod enum16
    WSet int32 WSet_SF
    WSetRvrt int32 WSet_SF
    WSetPct int16 WSetPct_SF
    WSetPctRvrt int16 WSetPct_SF
    WSetEnaRvrt enum16
    WSetRvrtTms uint32
    WSetRvrtRem uint32
    VarSetEna enum16
    VarSetMod enum16
    VarSetPri enum16
    VarSet int32 VarSet_SF
    VarSetRvrt int32 VarSet_SF
    VarSetPct int16 VarSetPct_SF
    VarSetPctRvrt int16 VarSetPct_SF
    VarSetEnaRvrt enum16
    VarSetRvrtTms uint32
    VarSetRvrtRem uint32
    WRmp uint16
    WRmpRef enum16
    VarRmp uint16
    AntiIslEna enum16
    PF_SF sunssf
    WMaxLimPct_SF sunssf
    WSet_SF sunssf
    WSetPct_SF sunssf
    VarSet_SF sunssf
    VarSetPct_SF sunssf
    """,
)
"""The four groups of power factors behind it are left out: nothing of them is read or written."""
