"""A candleLight stick spoken to through libusb, where the kernel has no driver for it."""

from __future__ import annotations

import time
from typing import Any, Final, override

import can
import usb.core
from can.interfaces.gs_usb import GsUsbBus

PAUSE: Final = 0.02
"""s before a stick is asked again that answered too soon."""


class UsbBus(GsUsbBus):
    """python-can's, that notices when the stick is pulled out."""

    def __init__(self, channel: str, **kwargs: Any) -> None:  # noqa: ANN401 - python-can's own
        """Open it. Raises CanInitializationError or OSError."""
        try:
            super().__init__(channel, **kwargs)
        except usb.core.NoBackendError as err:
            raise can.CanInitializationError("libusb is not installed") from err

    @override
    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        """Take one message. Raises USBError, which is an OSError, where the stick is gone."""
        began = time.monotonic()
        told: tuple[can.Message | None, bool] = super()._recv_internal(timeout)
        if told[0] is None and timeout and time.monotonic() - began < timeout / 2:
            # The driver makes a timeout of every failure; a question to the stick itself tells them apart.
            _ = self.gs_usb.device_info
            time.sleep(PAUSE)
        return told
