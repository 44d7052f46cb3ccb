"""The battery models of SunSpec, point by point, as `modbus/08_sunspec.md` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .block import Block, model

_EVENTS: Final = "Evt1 bitfield32\nEvt2 bitfield32\nEvtVnd1 bitfield32\nEvtVnd2 bitfield32\n"

COMMON: Final = model(
    1,
    "common",
    """
    Mn string16
    Md string16
    Opt string8
    Vr string8
    SN string16
    DA uint16
    Pad pad
    """,
)
BATTERY: Final = model(
    802,
    "battery",
    f"""
    AHRtg uint16 AHRtg_SF
    WHRtg uint16 WHRtg_SF
    WChaRteMax uint16 WChaDisChaMax_SF
    WDisChaRteMax uint16 WChaDisChaMax_SF
    DisChaRte uint16 DisChaRte_SF
    SoCMax uint16 SoC_SF
    SoCMin uint16 SoC_SF
    SocRsvMax uint16 SoC_SF
    SoCRsvMin uint16 SoC_SF
    SoC uint16 SoC_SF
    DoD uint16 DoD_SF
    SoH uint16 SoH_SF
    NCyc uint32
    ChaSt enum16
    LocRemCtl enum16
    Hb uint16
    CtrlHb uint16
    AlmRst uint16
    Typ enum16
    State enum16
    StateVnd enum16
    WarrDt uint32
    {_EVENTS}
    V uint16 V_SF
    VMax uint16 V_SF
    VMin uint16 V_SF
    CellVMax uint16 CellV_SF
    CellVMaxStr uint16
    CellVMaxMod uint16
    CellVMin uint16 CellV_SF
    CellVMinStr uint16
    CellVMinMod uint16
    CellVAvg uint16 CellV_SF
    A int16 A_SF
    AChaMax uint16 AMax_SF
    ADisChaMax uint16 AMax_SF
    W int16 W_SF
    ReqInvState enum16
    ReqW int16 W_SF
    SetOp enum16
    SetInvState enum16
    AHRtg_SF sunssf
    WHRtg_SF sunssf
    WChaDisChaMax_SF sunssf
    DisChaRte_SF sunssf
    SoC_SF sunssf
    DoD_SF sunssf
    SoH_SF sunssf
    V_SF sunssf
    CellV_SF sunssf
    A_SF sunssf
    AMax_SF sunssf
    W_SF sunssf
    """,
)
BANK: Final = model(
    803,
    "bank",
    """
    NStr uint16
    NStrCon uint16
    ModTmpMax int16 ModTmp_SF
    ModTmpMaxStr uint16
    ModTmpMaxMod uint16
    ModTmpMin int16 ModTmp_SF
    ModTmpMinStr uint16
    ModTmpMinMod uint16
    ModTmpAvg int16 ModTmp_SF
    StrVMax uint16 V_SF
    StrVMaxStr uint16
    StrVMin uint16 V_SF
    StrVMinStr uint16
    StrVAvg uint16 V_SF
    StrAMax int16 A_SF
    StrAMaxStr uint16
    StrAMin int16 A_SF
    StrAMinStr uint16
    StrAAvg int16 A_SF
    NCellBal uint16
    CellV_SF sunssf
    ModTmp_SF sunssf
    A_SF sunssf
    SoH_SF sunssf
    SoC_SF sunssf
    V_SF sunssf
    """,
    part="string",
    counted="NStr",
    parts="""
    StrNMod uint16
    StrSt bitfield32
    StrConFail enum16
    StrSoC uint16 SoC_SF
    StrSoH uint16 SoH_SF
    StrA int16 A_SF
    StrCellVMax uint16 CellV_SF
    StrCellVMaxMod uint16
    StrCellVMin uint16 CellV_SF
    StrCellVMinMod uint16
    StrCellVAvg uint16 CellV_SF
    StrModTmpMax int16 ModTmp_SF
    StrModTmpMaxMod uint16
    StrModTmpMin int16 ModTmp_SF
    StrModTmpMinMod uint16
    StrModTmpAvg int16 ModTmp_SF
    StrDisRsn enum16
    StrConSt bitfield32
    StrEvt1 bitfield32
    StrEvt2 bitfield32
    StrEvtVnd1 bitfield32
    StrEvtVnd2 bitfield32
    StrSetEna enum16
    StrSetCon enum16
    Pad1 pad
    Pad2 pad
    """,
)
STRING: Final = model(
    804,
    "strings",
    f"""
    Idx uint16
    NMod uint16
    St bitfield32
    ConFail enum16
    NCellBal uint16
    SoC uint16 SoC_SF
    DoD uint16 DoD_SF
    NCyc uint32
    SoH uint16 SoH_SF
    A int16 A_SF
    V uint16 V_SF
    CellVMax uint16 CellV_SF
    CellVMaxMod uint16
    CellVMin uint16 CellV_SF
    CellVMinMod uint16
    CellVAvg uint16 CellV_SF
    ModTmpMax int16 ModTmp_SF
    ModTmpMaxMod uint16
    ModTmpMin int16 ModTmp_SF
    ModTmpMinMod uint16
    ModTmpAvg int16 ModTmp_SF
    Pad1 pad
    ConSt bitfield32
    {_EVENTS}
    SetEna enum16
    SetCon enum16
    SoC_SF sunssf
    SoH_SF sunssf
    DoD_SF sunssf
    A_SF sunssf
    V_SF sunssf
    CellV_SF sunssf
    ModTmp_SF sunssf
    Pad2 pad
    Pad3 pad
    Pad4 pad
    """,
    part="module",
    counted="NMod",
    parts="""
    ModNCell uint16
    ModSoC uint16 SoC_SF
    ModSoH uint16 SoH_SF
    ModCellVMax uint16 CellV_SF
    ModCellVMaxCell uint16
    ModCellVMin uint16 CellV_SF
    ModCellVMinCell uint16
    ModCellVAvg uint16 CellV_SF
    ModCellTmpMax int16 ModTmp_SF
    ModCellTmpMaxCell uint16
    ModCellTmpMin int16 ModTmp_SF
    ModCellTmpMinCell uint16
    ModCellTmpAvg int16 ModTmp_SF
    Pad5 pad
    Pad6 pad
    Pad7 pad
    """,
)
MODULE: Final = model(
    805,
    "modules",
    """
    StrIdx uint16
    ModIdx uint16
    NCell uint16
    SoC uint16 SoC_SF
    DoD uint16 DoD_SF
    SoH uint16 SoH_SF
    NCyc uint32
    V uint16 V_SF
    CellVMax uint16 CellV_SF
    CellVMaxCell uint16
    CellVMin uint16 CellV_SF
    CellVMinCell uint16
    CellVAvg uint16 CellV_SF
    CellTmpMax int16 Tmp_SF
    CellTmpMaxCell uint16
    CellTmpMin int16 Tmp_SF
    CellTmpMinCell uint16
    CellTmpAvg int16 Tmp_SF
    NCellBal uint16
    SN string16
    SoC_SF sunssf
    SoH_SF sunssf
    DoD_SF sunssf
    V_SF sunssf
    CellV_SF sunssf
    Tmp_SF sunssf
    """,
    part="cell",
    parts="""
    CellV uint16 CellV_SF
    CellTmp int16 Tmp_SF
    CellSt bitfield32
    """,
)
STORAGE: Final = model(
    124,
    "storage",
    """
    WChaMax uint16 WChaMax_SF
    WChaGra uint16 WChaDisChaGra_SF
    WDisChaGra uint16 WChaDisChaGra_SF
    StorCtl_Mod bitfield16
    VAChaMax uint16 VAChaMax_SF
    MinRsvPct uint16 MinRsvPct_SF
    ChaState uint16 ChaState_SF
    StorAval uint16 StorAval_SF
    InBatV uint16 InBatV_SF
    ChaSt enum16
    OutWRte int16 InOutWRte_SF
    InWRte int16 InOutWRte_SF
    InOutWRte_WinTms uint16
    InOutWRte_RvrtTms uint16
    InOutWRte_RmpTms uint16
    ChaGriSet enum16
    WChaMax_SF sunssf
    WChaDisChaGra_SF sunssf
    VAChaMax_SF sunssf
    MinRsvPct_SF sunssf
    ChaState_SF sunssf
    StorAval_SF sunssf
    InBatV_SF sunssf
    InOutWRte_SF sunssf
    """,
)
STORAGE_CAPACITY: Final = model(
    713,
    "storage_capacity",
    """
    WHRtg uint16 WH_SF
    WHAvail uint16 WH_SF
    SoC uint16 Pct_SF
    SoH uint16 Pct_SF
    Sta enum16
    WH_SF sunssf
    Pct_SF sunssf
    """,
)
DC_MEASUREMENT: Final = model(
    714,
    "dc_measurement",
    """
    PrtAlrms bitfield32
    NPrt uint16
    DCA int16 DCA_SF
    DCW int16 DCW_SF
    DCWhInj uint64 DCWH_SF
    DCWhAbs uint64 DCWH_SF
    DCA_SF sunssf
    DCV_SF sunssf
    DCW_SF sunssf
    DCWH_SF sunssf
    Tmp_SF sunssf
    """,
    part="Prt",
    counted="NPrt",
    parts="""
    PrtTyp enum16
    ID uint16
    IDStr string8
    DCA int16 DCA_SF
    DCV uint16 DCV_SF
    DCW int16 DCW_SF
    DCWhInj uint64 DCWH_SF
    DCWhAbs uint64 DCWH_SF
    Tmp int16 Tmp_SF
    DCSta enum16
    DCAlrm bitfield32
    """,
)

MODELS: Final[Mapping[int, type[Block]]] = MappingProxyType(
    {kind.number: kind for kind in (COMMON, STORAGE, STORAGE_CAPACITY, DC_MEASUREMENT, BATTERY, BANK, STRING, MODULE)}
)
"""By the number in their header."""
