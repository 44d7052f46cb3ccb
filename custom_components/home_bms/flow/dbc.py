"""The steps of the config flow to a pack on CAN that a user describes with a DBC."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, override

import probatio as vol
from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowContext, FlowResult
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    ObjectSelector,
    TextSelector,
)
from homeassistant.helpers.translation import async_get_translations

from ..can.pack import DBC_MOST, MODEL_DBC, dbc_text, read_dbc
from ..const import CONF_DBC, CONF_DBC_NAME, CONF_INVERTED, CONF_MAPPING, CONF_MODEL, CONF_POLLING, DOMAIN
from ..core.model import ConfigError
from ..hw.driver import DeviceInfo, DriverError
from ..hw.user_dbc import UserMap
from ..hw.user_dbc_guess import propose
from ..hw.user_dbc_rows import UserMapping, mapping_data, mapping_from_data
from ..texts import word
from .can import CanSteps, can_refusal
from .dbc_forms import mapping_schema, shown_mapping, told_mapping

if TYPE_CHECKING:
    from ..can.pack import UserFile
    from ..hw.can_layout import FrameMap

CONF_FILE: Final = "file"
FILE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".dbc,text/plain")),
    }
)
TEXT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_MAPPING): ObjectSelector(),
        vol.Required(CONF_POLLING, default=False): BooleanSelector(),
    }
)
VALUES_SHOWN: Final = 60
"""Values that a preview shows."""
BYTES_MOST: Final = 4 * DBC_MOST
"""Of a file that is looked at at all; a character has four bytes at most."""


class DbcSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](CanSteps[ContextT, ResultT, HandlerT]):
    """Ask for a file, and what its signals mean."""

    _dbc_frames: FrameMap
    _dbc_link: dict[str, Any]
    _dbc_info: DeviceInfo

    def __init__(self) -> None:
        """Start without a file."""
        super().__init__()
        self._dbc_name = ""
        self._dbc_text = ""
        self._dbc_notices: tuple[tuple[str, Mapping[str, str]], ...] = ()
        self._dbc_mapping = UserMapping(rows=())
        self._dbc_options: dict[str, bool] = {CONF_INVERTED: False, CONF_POLLING: False}
        self._dbc_values: dict[str, Any] = {}

    @override
    async def async_step_can_dbc(self, user_input: dict[str, Any] | None = None) -> ResultT:
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            self._dbc_name = user_input[CONF_NAME].strip() or "DBC"
            job = partial(_uploaded, self.hass, user_input[CONF_FILE], self._dbc_name)
            try:
                self._dbc_text, read = await self.hass.async_add_executor_job(job)
            except ConfigError as err:
                errors, placeholders = {CONF_FILE: err.key}, err.placeholders
            else:
                self._dbc_take(read)
                self._dbc_mapping = UserMapping(rows=propose(read.frames))
                return await self.async_step_can_mapping()
        told = {CONF_NAME: self._dbc_name or self._data.get(CONF_DBC_NAME, "")}
        return self.async_show_form(
            step_id="can_dbc",
            data_schema=self.add_suggested_values_to_schema(FILE_SCHEMA, told),
            errors=errors,
            description_placeholders=placeholders,
        )

    @callback
    def _dbc_take(self, read: UserFile) -> None:
        """Go on with a file that was read."""
        self._dbc_frames, self._dbc_notices = read.frames, read.notices

    async def _async_dbc_known(self) -> None:
        """Begin with what the pack has that is being changed, unless a file was brought since. Raises ConfigError."""
        if self._dbc_text:
            return
        data = self._data
        self._dbc_name, self._dbc_text = data[CONF_DBC_NAME], data[CONF_DBC]
        job = partial(read_dbc, self._dbc_name, self._dbc_text)
        self._dbc_take(await self.hass.async_add_executor_job(job))
        self._dbc_mapping = mapping_from_data(data[CONF_MAPPING])
        self._dbc_options = {key: data.get(key, False) for key in (CONF_INVERTED, CONF_POLLING)}

    @override
    async def async_step_can_mapping(self, user_input: dict[str, Any] | None = None) -> ResultT:
        # The guess, or what the pack has that is being changed.
        await self._async_dbc_known()
        await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            self._dbc_options[CONF_INVERTED] = user_input[CONF_INVERTED]
            try:
                self._dbc_mapping = told_mapping(user_input, self._dbc_frames, self._dbc_mapping)
                await self._async_dbc_look()
            except (ConfigError, DriverError) as err:
                errors, placeholders = can_refusal(err)
            else:
                return await self.async_step_can_review()
        found = None if self._can_listening is None else self._can_listening.result()
        schema = mapping_schema(self._dbc_frames, frozenset() if found is None else found.keys, self._dbc_mapping)
        told = user_input or {**shown_mapping(self._dbc_mapping), CONF_INVERTED: self._dbc_options[CONF_INVERTED]}
        return self.async_show_form(
            step_id="can_mapping",
            data_schema=self.add_suggested_values_to_schema(schema, told),
            errors=errors,
            description_placeholders={"notices": self._dbc_noticed(), **placeholders},
            last_step=False,
        )

    async def async_step_can_mapping_text(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Have all of the mapping written: factors, alarms, checksums and requests too."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            self._dbc_options[CONF_POLLING] = user_input[CONF_POLLING]
            try:
                self._dbc_mapping = _written(user_input[CONF_MAPPING])
                await self._async_dbc_look()
            except (ConfigError, DriverError) as err:
                errors, placeholders = can_refusal(err)
            else:
                return await self.async_step_can_review()
        told = user_input or {
            CONF_MAPPING: mapping_data(self._dbc_mapping),
            CONF_POLLING: self._dbc_options[CONF_POLLING],
        }
        return self.async_show_form(
            step_id="can_mapping_text",
            data_schema=self.add_suggested_values_to_schema(TEXT_SCHEMA, told),
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    async def async_step_can_review(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Show what the mapping makes of the bus now, before it is taken."""
        return self.async_show_menu(
            step_id="can_review",
            menu_options=("can_take", "can_mapping", "can_mapping_text"),
            description_placeholders={"preview": self._dbc_preview()},
        )

    async def async_step_can_take(self, user_input: dict[str, Any] | None = None) -> ResultT:  # noqa: ARG002
        """Take what was mapped."""
        return await self._async_can_take(self._dbc_info, self._dbc_link)

    async def _async_dbc_look(self) -> None:
        """Listen with the mapping. Raises ConfigError, and DriverError if nothing of it is heard."""
        # A wrong mapping is told before anybody waits for the bus, and so is one that could not be read again.
        mapping = mapping_data(self._dbc_mapping)
        UserMap(self._dbc_frames, mapping_from_data(mapping))
        self._dbc_link = self._can_link(
            {
                CONF_MODEL: MODEL_DBC,
                CONF_DBC_NAME: self._dbc_name,
                CONF_DBC: self._dbc_text,
                CONF_MAPPING: mapping,
                **self._dbc_options,
            }
        )
        self._dbc_info, self._dbc_values = await self._async_can_look(self._dbc_link)

    def _dbc_noticed(self) -> str:
        """Return what was put right in the file, a line each."""
        lines = [word(self.hass, "can_notice", key, **values) for key, values in self._dbc_notices]
        return "\n".join(f"- {line}" for line in lines)

    def _dbc_preview(self) -> str:
        """Return the values of now, a line each."""
        values = list(self._dbc_values.items())
        lines = [f"- {name}: {value}" for name, value in values[:VALUES_SHOWN]]
        if len(values) > VALUES_SHOWN:
            lines.append("- …")
        if not self._dbc_info.cells:
            lines += ["", word(self.hass, "can_told", "no_cells")]
        return "\n".join(lines)


def _written(value: object) -> UserMapping:
    """Return the mapping that a user has written. Raises ConfigError."""
    if not isinstance(value, Mapping):
        raise ConfigError("dbc_not_readable", CONF_MAPPING, value=type(value).__name__)
    return mapping_from_data(value)


def _uploaded(hass: HomeAssistant, file_id: str, name: str) -> tuple[str, UserFile]:
    """Return an uploaded file's text and what it says; blocks. Raises ConfigError."""
    try:
        with process_uploaded_file(hass, file_id) as path:
            length = path.stat().st_size
            data = path.read_bytes() if length <= BYTES_MOST else None
    except (OSError, ValueError) as err:
        # Uploads are gone after a restart.
        raise ConfigError("dbc_no_upload", CONF_FILE) from err
    if data is None:
        raise ConfigError("dbc_too_long", CONF_FILE, most=DBC_MOST, length=length)
    text = dbc_text(data)
    return text, read_dbc(name, text)
