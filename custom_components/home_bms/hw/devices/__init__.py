"""The pack devices that home_bms knows: one module and one line each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..modbus import Device
from . import (
    daly_a5,
    daly_d2,
    daly_p81,
    diybms_shunt,
    eg4_lifepower4_ascii,
    eg4_ll,
    eg4_ll_master,
    heltec,
    huasu,
    jk_balancer,
    jk_pb,
    jk_pb_listen,
    n4d_relay,
    pace,
    pace_gobel,
    pace_ritar,
    pzem017,
    r4dcb08,
    renogy,
    seplos_v3,
    sunspec,
    tinybms,
    victron_gx,
    waveshare_analog_in,
    waveshare_relay_io,
)

__all__ = ["DEVICES", "Device"]

_ALL: Final[tuple[Device, ...]] = (
    jk_pb.DEVICE,
    jk_pb_listen.DEVICE,
    jk_balancer.DEVICE,
    daly_a5.DEVICE,
    daly_d2.DEVICE,
    daly_p81.DEVICE,
    eg4_lifepower4_ascii.DEVICE,
    eg4_ll.DEVICE,
    eg4_ll_master.DEVICE,
    diybms_shunt.DEVICE,
    heltec.DEVICE,
    huasu.DEVICE,
    n4d_relay.DEVICE,
    pace.DEVICE,
    pace_gobel.DEVICE,
    pace_ritar.DEVICE,
    pzem017.DEVICE,
    r4dcb08.DEVICE,
    renogy.DEVICE,
    seplos_v3.DEVICE,
    *sunspec.DEVICES,
    tinybms.DEVICE,
    victron_gx.DEVICE,
    waveshare_analog_in.DEVICE,
    waveshare_analog_in.DEVICE_B,
    waveshare_relay_io.DEVICE,
)
DEVICES: Final[Mapping[str, Device]] = MappingProxyType({device.key: device for device in _ALL})
