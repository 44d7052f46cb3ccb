"""The steps of the config flow that ask what leads to a CAN bus."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.data_entry_flow import FlowContext, FlowResult

from .can_forms import BUS_SCHEMAS, kernel_interfaces
from .harmless import HarmlessFlow

LISTEN_FOR: Final = 3.0
"""s for which a bus is listened to at each bit rate; before anything is sent it is listened to again, and longer."""
IDS_SHOWN: Final = 24
"""Identifiers that a form names."""


class BusSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    HarmlessFlow[ContextT, ResultT, HandlerT]
):
    """Ask what leads to a bus, whoever is then looked for on it."""

    @abstractmethod
    async def _async_can_bus(self, step_id: str, user_input: dict[str, Any] | None) -> ResultT:
        """Ask for a bus of one kind, and listen who is on it."""

    async def _async_can_form(
        self,
        step_id: str,
        told: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> ResultT:
        """Show the form of a bus of one kind."""
        schema = BUS_SCHEMAS[step_id][1](await self.hass.async_add_executor_job(kernel_interfaces))
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, told),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_can(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> ResultT:
        """Ask what leads to the bus."""
        return self.async_show_menu(step_id="can", menu_options=tuple(BUS_SCHEMAS))

    async def async_step_can_socketcan(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle an interface of the kernel."""
        return await self._async_can_bus("can_socketcan", user_input)

    async def async_step_can_slcan(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle an adapter on a serial port."""
        return await self._async_can_bus("can_slcan", user_input)

    async def async_step_can_slcan_network(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle such an adapter behind a socket."""
        return await self._async_can_bus("can_slcan_network", user_input)

    async def async_step_can_gs_usb(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a USB adapter that the kernel leaves alone."""
        return await self._async_can_bus("can_gs_usb", user_input)

    async def async_step_can_socketcand(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle the bus of another machine."""
        return await self._async_can_bus("can_socketcand", user_input)

    async def async_step_can_multicast(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Handle a bus that other programs share in a multicast group."""
        return await self._async_can_bus("can_multicast", user_input)
