"""The fault matrix, whole: what is played, and what cannot be yet."""

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

NOT_YET: Final = {
    14: ("CAN: right id, wrong length", "CAN comes with issue 6"),
    15: ("CAN: five times the nominal load", "CAN comes with issue 6"),
    16: ("CAN: the inverter's heartbeat is missing", "CAN comes with issue 6"),
    29: ("Current offset of 0.2 to 1 A", "learned from full to full, issue 4"),
    44: ("The relay's entity is unavailable", "packs built from parts come with issue 5"),
    60: ("Capacity ten times too large", "learned capacity, issue 4"),
    63: ("No full charge for 30 days", "the uncertainty of SoC, issue 4"),
    64: ("A parallel string is added", "learned capacity, issue 4"),
    66: ("SoC differs by 20 % between parallel packs at connect", "wired with issue 5; its laws are in tests/core"),
    67: ("Malformed MQTT or HTTP", "MQTT comes with a later issue"),
}
"""Rows that need what home_bms does not have yet, each with the reason."""
