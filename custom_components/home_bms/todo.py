"""Shows the inspections of a battery system as a to-do list, in which they are done, reopened and put off."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, override

from homeassistant.components.todo.const import TodoItemStatus, TodoListEntityFeature
from homeassistant.components.todo.entity import TodoItem, TodoListEntity
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.inspection_book import Item, Standing
from .core.inspection_table import About
from .core.model import ConfigError
from .entity import HomeBmsEntityDescription, SystemEntity
from .harmless import harmless
from .inspections.actions import async_user_name, refused_inspection
from .inspections.keeper import InspectionKeeper, Told
from .inspections.words import instructions, reasons, title
from .runtime import HomeBmsConfigEntry

# What is taken down is written to the disk; two at once would only race for it.
PARALLEL_UPDATES = 1

INSPECTIONS: Final = HomeBmsEntityDescription(key="inspections", translation_key="inspections")

# How long what is done stays in the list, so that a slip can be taken back.
_SHOWN_FOR: Final = timedelta(days=7)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001
    entry: HomeBmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the to-do list of the system."""
    async_add_entities([InspectionList(entry.runtime_data.system, INSPECTIONS)])


class InspectionList(SystemEntity, TodoListEntity):
    """What is to be inspected.

    The plan makes its items, so nobody can create or delete any: what does not apply is left out in the options.
    """

    _attr_supported_features = TodoListEntityFeature.UPDATE_TODO_ITEM | TodoListEntityFeature.SET_DUE_DATE_ON_ITEM

    @property
    def _keeper(self) -> InspectionKeeper:
        return self.coordinator.config_entry.runtime_data.inspections

    @property
    @override
    def shown(self) -> object:
        # The plan that the items are made of: their many words are looked up only to be told.
        return self._keeper.items

    @property
    @override
    def todo_items(self) -> list[TodoItem]:
        """Return what is due or coming, and what was done of late; its texts are in Home Assistant's language."""
        return [made for item in self._keeper.items if (made := self._made(item)) is not None]

    def _made(self, item: Item) -> TodoItem | None:
        summary = title(self.hass, item.row.key)
        if item.row.about is About.PACK:
            summary = f"{summary} ({self._keeper.name_of(item)})"
        if item.standing is not Standing.LATER and item.due is not None:
            return TodoItem(
                uid=item.place,
                summary=summary,
                status=TodoItemStatus.NEEDS_ACTION,
                due=date.fromordinal(item.due),
                description=harmless(f"{instructions(self.hass, item)}\n\n{reasons(self.hass, item)}"),
            )
        if item.last is None:
            return None
        told = dt_util.utc_from_timestamp(item.last.at)
        if abs(dt_util.utcnow() - told) > _SHOWN_FOR:
            return None
        return TodoItem(
            uid=item.place,
            summary=summary,
            status=TodoItemStatus.COMPLETED,
            completed=told,
            due=None if item.due is None else date.fromordinal(item.due),
            description=harmless(item.last.note) or None,
        )

    @override
    async def async_update_todo_item(self, item: TodoItem) -> None:
        """Take down that an inspection was done or not done after all, or put it off.

        Raises ServiceValidationError for texts, which are the plan's, and for a day that cannot be.
        """
        found = self._keeper.find(item.uid or "")
        shown = None if found is None else self._made(found)
        if found is None or shown is None or item.summary != shown.summary:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="inspection_fixed")
        try:
            await self._async_update(found, shown, item)
        except ConfigError as err:
            raise refused_inspection(err) from err

    async def _async_update(self, found: Item, shown: TodoItem, item: TodoItem) -> None:
        if item.status is not shown.status:
            if item.status == TodoItemStatus.COMPLETED:
                told = Told(by=await async_user_name(self.hass, self._context))
                await self._keeper.async_done(found, told)
            else:
                await self._keeper.async_undo(found)
        elif item.due != shown.due and isinstance(item.due, date):
            await self._keeper.async_postpone(found, item.due)
