"""The steps of the config flow to a pack that Home Assistant has already, as a device of another integration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, override

import probatio as vol
from homeassistant.const import CONF_DEVICE_ID, CONF_TYPE, Platform
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowResult, section
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    BooleanSelector,
    DeviceSelector,
    DeviceSelectorConfig,
    EntityFilterSelectorConfig,
    EntitySelector,
    EntitySelectorConfig,
)
from homeassistant.helpers.translation import async_get_translations

from ..const import (
    CONF_CELLS,
    CONF_CHANGES_ONLY,
    CONF_INVERTED,
    CONF_MODEL,
    CONF_ROLES,
    CONF_SERIAL_NUMBER,
    CONF_TEMPERATURE_SENSORS,
    DOMAIN,
    TYPE_ENTITIES,
)
from ..helpers import device_name
from ..hw.driver import DeviceInfo, DriverError
from ..packs.entity_pack import EntityDriver
from ..packs.roles import SLOTS, Group, Role
from ..subentries import async_is_set_up
from .pack_end import PackSteps
from .role_choice import entities_of, gaps, kept, owners, preview, problem, proposed, shown

DEVICE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_DEVICE_ID): DeviceSelector(
            DeviceSelectorConfig(entity=[EntityFilterSelectorConfig(domain=Platform.SENSOR)])
        )
    }
)
OPTIONS: Final = (CONF_INVERTED, CONF_CHANGES_ONLY)
# What a pack is made of is counted anew when more or fewer entities tell it.
_COUNTED: Final = {CONF_CELLS: Role.CELLS, CONF_TEMPERATURE_SENSORS: Role.TEMPERATURES}


def roles_schema(entity_ids: list[str]) -> vol.Schema:
    """Return the form of every role that some of these entities can fill."""
    groups: dict[Group, dict[vol.Marker, Any]] = {group: {} for group in Group}
    for slot in SLOTS.values():
        # An empty list of what may be chosen would let everything be chosen.
        if fitting := [one for one in entity_ids if one.partition(".")[0] == slot.platform]:
            config = EntitySelectorConfig(include_entities=fitting, multiple=slot.many, reorder=slot.many)
            groups[slot.group][vol.Optional(slot.role.value)] = EntitySelector(config)
    fields = groups.pop(Group.MEASURED)
    fields.update({vol.Required(option, default=False): BooleanSelector() for option in OPTIONS})
    for group, inner in groups.items():
        if inner:
            fields[vol.Required(group.value)] = section(vol.Schema(inner), {"collapsed": group is Group.MORE})
    return vol.Schema(fields)


def _shown_form(choice: Mapping[Role, tuple[str, ...]], options: Mapping[str, bool]) -> dict[str, Any]:
    """Return a choice as the form wants it."""
    form: dict[str, Any] = dict(options)
    for role, entities in choice.items():
        slot = SLOTS[role]
        place = form if slot.group is Group.MEASURED else form.setdefault(slot.group.value, {})
        place[role.value] = list(entities) if slot.many else entities[0]
    return form


def _chosen(form: Mapping[str, Any]) -> dict[Role, tuple[str, ...]]:
    """Return the choice that a form holds."""
    choice: dict[Role, tuple[str, ...]] = {}
    for role, slot in SLOTS.items():
        place = form if slot.group is Group.MEASURED else form.get(slot.group.value, {})
        if told := place.get(role.value):
            choice[role] = tuple(told) if slot.many else (told,)
    return choice


class EntitySteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    PackSteps[ContextT, ResultT, HandlerT]
):
    """Ask for a device, and which of its entities is what."""

    _info: DeviceInfo
    _link: dict[str, Any]

    def __init__(self) -> None:
        """Start without a device."""
        super().__init__()
        self._device_id = ""
        self._choice: dict[Role, tuple[str, ...]] = {}
        self._options: dict[str, bool] = dict.fromkeys(OPTIONS, False)

    async def async_step_entities(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Pick the device."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._device_id = user_input[CONF_DEVICE_ID]
            device = dr.async_get(self.hass).async_get(self._device_id)
            if device is None or any(domain == DOMAIN for domain, *_ in device.identifiers):
                errors[CONF_DEVICE_ID] = "own_device" if device is not None else "no_device"
            elif not any(entity.domain == Platform.SENSOR for entity in entities_of(self.hass, device.id)):
                errors[CONF_DEVICE_ID] = "no_sensors"
            else:
                self._propose(device)
                return await self.async_step_roles()
        return self.async_show_form(
            step_id="entities",
            data_schema=self.add_suggested_values_to_schema(DEVICE_SCHEMA, user_input or self._data),
            errors=errors,
        )

    @callback
    def _propose(self, device: dr.AnyDeviceEntry) -> None:
        """Begin with what the pack has, or with what the names tell."""
        if self._data.get(CONF_DEVICE_ID) == device.id:
            self._choice = shown(self.hass, self._data[CONF_ROLES])
            self._options = {option: self._data[option] for option in OPTIONS}
        else:
            self._choice = proposed(self.hass, device)

    async def async_step_roles(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Have the proposal corrected; what the entities tell now stands above it."""
        # The messages name roles in Home Assistant's language.
        await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        if user_input is not None:
            self._choice = _chosen(user_input)
            self._options = {option: user_input[option] for option in OPTIONS}
            pack = self._pack()
            taken = owners(self.hass, None if pack is None else pack.subentry_id)
            if (wrong := problem(self.hass, self._choice, taken)) is not None:
                in_section = SLOTS[wrong.role].group is not Group.MEASURED
                errors["base" if in_section else wrong.role.value] = wrong.key
                placeholders = wrong.placeholders
            else:
                try:
                    await self._async_look()
                except DriverError:
                    errors["base"] = "nothing_told"
                else:
                    return await self.async_step_review()
        entity_ids = [entity.entity_id for entity in entities_of(self.hass, self._device_id)]
        return self.async_show_form(
            step_id="roles",
            data_schema=self.add_suggested_values_to_schema(
                roles_schema(entity_ids), _shown_form(self._choice, self._options)
            ),
            errors=errors,
            description_placeholders={"preview": self._preview(), **placeholders},
        )

    async def async_step_review(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Show what was chosen and what it lacks, before it is taken."""
        return self.async_show_menu(
            step_id="review",
            menu_options=("take", "roles"),
            description_placeholders={"preview": self._preview(), "gaps": gaps(self.hass, self._choice)},
        )

    async def async_step_take(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Take what was chosen."""
        before: Mapping[str, Any] = self._data.get(CONF_ROLES, {})
        for key, role in _COUNTED.items():
            if len(before.get(role, ())) != len(self._link[CONF_ROLES].get(role, ())):
                self._data.pop(key, None)
        return await self._async_found(self._info, self._link)

    async def _async_look(self) -> None:
        """Note who the pack is and the settings that lead to it. Raises DriverError if it tells nothing."""
        link: dict[str, Any] = {
            CONF_TYPE: TYPE_ENTITIES,
            CONF_DEVICE_ID: self._device_id,
            CONF_ROLES: kept(self.hass, self._choice, self._data.get(CONF_ROLES, {})),
            **self._options,
        }
        self._info = await EntityDriver(self.hass, link, identity=self._identity(link)).async_identify()
        self._link = {**link, CONF_MODEL: self._info.model}

    @override
    def _called(self, info: DeviceInfo) -> str:
        """Return the device's name: the id that identifies it says nothing to a person."""
        if not self._device_id:
            return super()._called(info)
        device = dr.async_get(self.hass).async_get(self._device_id)
        return f"{info.manufacturer} {info.model} ({device_name(device, info.model)})"

    @callback
    def _identity(self, link: Mapping[str, Any]) -> str:
        """Return what tells the pack from others for ever: its device, where several share one its first cell too."""
        if (pack := self._pack()) is not None:
            return str(pack.data[CONF_SERIAL_NUMBER])
        if not async_is_set_up(self.hass, self._device_id):
            return self._device_id
        return f"{self._device_id}-{link[CONF_ROLES][Role.CELLS][0]}"

    @callback
    def _preview(self) -> str:
        return preview(self.hass, self._choice, inverted=self._options[CONF_INVERTED])
