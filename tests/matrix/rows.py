"""The fault matrix, whole: what is played, and what is held elsewhere."""

from typing import Final

from .rows_data import ROWS as DATA
from .rows_ha import ROWS as HA
from .rows_link import ROWS as LINK
from .rows_pack import ROWS as PACK
from .rows_plant import ROWS as PLANT
from .rows_state import ROWS as STATE
from .table import Row

ALL: Final[tuple[Row, ...]] = tuple(
    sorted((*LINK, *DATA, *PACK, *HA, *STATE, *PLANT), key=lambda row: (row.number, row.part))
)
ROWS: Final = tuple(row for row in ALL if not row.defect)
"""What is played."""
DEFECTS: Final = tuple(row for row in ALL if row.defect)
"""What is expected and does not hold yet."""

ELSEWHERE: Final = {
    14: ("CAN: right id, wrong length", "`tests/hw/can/test_frame_maps.py`"),
    15: ("CAN: five times the nominal load", "`tests/bench/frames.py` measures a full bus"),
    16: ("CAN: the inverter's heartbeat is missing", "`tests/hw/inverters/test_can_inverter.py`"),
    29: ("Current offset of 0.2 to 1 A", "`tests/core/test_charge.py`"),
    44: ("The relay's entity is unavailable", "`tests/ha/test_parts_members.py`"),
    60: ("Capacity ten times too large", "`tests/core/test_lint.py`"),
    63: ("No full charge for 30 days", "`tests/core/test_inspection_signs.py`"),
    64: ("A parallel string is added", "nowhere: a person says so, by adding the pack"),
    66: ("SoC differs by 20 % between parallel packs at connect", "`tests/core/test_strings.py`"),
    67: ("Malformed MQTT or HTTP", "`tests/ha/test_fleet_commands.py`, `tests/hw/test_openadr_client.py`"),
}
"""Rows that are not played on a link, each with what holds it instead."""
