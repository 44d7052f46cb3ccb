"""A battery system whose inspections come round, on a calendar that a test turns."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_bms.inspections.keeper import InspectionKeeper

LIST = "todo.home_battery_inspections"
DUE = "sensor.home_battery_inspections_due"
NEXT = "sensor.home_battery_next_inspection"
EVENT = "event.home_battery_inspection"


class Calendar:
    """The calendar on the wall; the plan looks at it whenever a test turns it."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, wall: Any) -> None:
        self._hass = hass
        self.entry = entry
        self.wall = wall

    @property
    def keeper(self) -> InspectionKeeper:
        """The plan, which a reload makes anew."""
        keeper: InspectionKeeper = self.entry.runtime_data.inspections
        return keeper

    @property
    def today(self) -> date:
        return dt_util.now().date()

    async def turn_to(self, day: date) -> None:
        """Go on to noon of a day."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=dt_util.get_default_time_zone())
        self.wall.move_to(noon)
        self.keeper.async_judge()
        await self._hass.async_block_till_done()


async def items(hass: HomeAssistant, entity_id: str = LIST) -> dict[str, dict[str, Any]]:
    """Return what is in the to-do list, by uid."""
    answer = await hass.services.async_call(
        "todo", "get_items", {"entity_id": entity_id}, blocking=True, return_response=True
    )
    assert answer is not None
    found: Any = answer[entity_id]
    return {item["uid"]: item for item in found["items"]}


async def update(hass: HomeAssistant, uid: str, context: Context | None = None, **changes: Any) -> None:
    """Change an item as the to-do list's card does."""
    data = {"entity_id": LIST, "item": uid, **changes}
    await hass.services.async_call("todo", "update_item", data, blocking=True, context=context)
