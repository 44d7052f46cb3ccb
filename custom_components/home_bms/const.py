"""Names and numbers that more than one file of the Home Assistant side needs."""

import logging
from typing import Final

DOMAIN: Final = "home_bms"
LOGGER: Final = logging.getLogger(__package__)

SUBENTRY_PACK: Final = "pack"
SUBENTRY_INVERTER: Final = "inverter"
SUBENTRY_PROGRAMME: Final = "programme"
# No subentry is ever of this type: it is where Home Assistant offers the flow that commissions a pack.
SUBENTRY_COMMISSIONING: Final = "commissioning"

# Fired with each event of a protection, for the logbook.
EVENT_PROTECTION: Final = f"{DOMAIN}_protection"
# Fired when a look has corrected the state of charge, for the logbook too.
EVENT_CORRECTION: Final = f"{DOMAIN}_correction"
# Fired when firmware, settings or the device itself of a pack have changed.
EVENT_DEVICE_CHANGED: Final = f"{DOMAIN}_device_changed"
# Sent after each look at a pack, by subentry id, to whoever cannot wait for what is told to entities.
SIGNAL_TICK: Final = f"{DOMAIN}_tick_{{}}"

# Keys of a pack subentry's data, beside Home Assistant's own CONF_TYPE, CONF_HOST, CONF_PORT and CONF_DEVICE.
CONF_MODEL: Final = "model"
CONF_UNIT_ID: Final = "unit_id"
CONF_BAUDRATE: Final = "baudrate"
CONF_SERIAL_NUMBER: Final = "serial_number"
CONF_CHEMISTRY: Final = "chemistry"
CONF_CELLS: Final = "cells"
CONF_CAPACITY: Final = "capacity"
CONF_CHARGE_CURRENT: Final = "charge_current"
CONF_DISCHARGE_CURRENT: Final = "discharge_current"
CONF_TEMPERATURE_SENSORS: Final = "temperature_sensors"
CONF_HARDWARE_RING: Final = "hardware_ring"
CONF_THRESHOLDS: Final = "thresholds"
CONF_CONFIRMED: Final = "confirmed"
CONF_SEED: Final = "seed"
CONF_SPEED: Final = "speed"
CONF_ROLES: Final = "roles"
CONF_INVERTED: Final = "current_inverted"
CONF_CHANGES_ONLY: Final = "changes_only"
CONF_PARTS: Final = "parts"
CONF_STOPBITS: Final = "stopbits"
CONF_PARITY: Final = "parity"
CONF_CAN: Final = "can"
CONF_NODE: Final = "node"
CONF_POLLING: Final = "polling"
CONF_DBC: Final = "dbc"
CONF_DBC_NAME: Final = "dbc_name"
CONF_MAPPING: Final = "mapping"

# Keys of an inverter subentry's data; its link has the keys of a pack's.
CONF_SHARE: Final = "share"
CONF_OPTIONS: Final = "options"
CONF_PEERS: Final = "peers"
CONF_SERVER: Final = "server"
CONF_DISCHARGE_POWER: Final = "discharge_power"
CONF_SETPOINT_SIGN: Final = "setpoint_sign"
CONF_RISE_AFTER: Final = "rise_after"
CONF_LEAST_RISE: Final = "least_rise"
CONF_POWER_SIGN: Final = "power_sign"
CONF_WORKS: Final = "works"

TYPE_VIRTUAL: Final = "virtual"
TYPE_TCP: Final = "tcp"
TYPE_RTU_OVER_TCP: Final = "rtu_over_tcp"
TYPE_SERIAL: Final = "serial"
TYPE_BLUETOOTH: Final = "bluetooth"
TYPE_ENTITIES: Final = "entities"
TYPE_PARTS: Final = "parts"
TYPE_CAN: Final = "can"
TYPE_SERVER: Final = "sunspec_server"

# A second is what RS485 packs deliver with room to spare (performance.md B2) and what the reaction budget assumes
# (thresholds.md 2.6).
POLL_PERIOD: Final = 1.0

# Entry data: set once the store was written, so that a store that is gone later can be told from one that never was.
CONF_STORED: Final = "stored"

# Seconds of shortest and longest silence towards entities (performance.md B3: at most 2 recorder rows a second, pack).
PUBLISH_SOONEST: Final = 10.0
PUBLISH_LATEST: Final = 60.0

# Seconds after which a stop that began or ended is on disk, for a hard kill must not let a flow go on that was stopped;
# moved counters (a hard kill may cost 60 s of them); and a resting pack's time stamp.
SAVE_STOPS: Final = 1.0
SAVE_WITHIN: Final = 30.0
SAVE_RESTING: Final = 900.0
# Seconds between two writes of what takes weeks to learn, tens of kilobytes a pack; a hard kill costs as much of it.
SAVE_LEARNED: Final = 900.0

# Seconds that handing control back may take: Home Assistant grants all shutdown jobs together 20 s.
RELEASE_TIMEOUT: Final = 2.0

# Seconds that setting up waits for a pack's first answer; it is watched for in the background afterwards.
SETUP_PATIENCE: Final = 3.0

# Writes that must fail in a row before a person is told; one lost frame is no news.
WRITES_TO_TELL: Final = 3

# Seconds within which ours and another pack must have taken turns for a person to be told that they share an address,
# and for which they must not before that is over.
ADDRESS_SHARED_FOR: Final = 120.0

# Percent of sound answers below which a person should look at the wiring, after so many s (faults.md 8).
LINK_POOR: Final = 95.0
LINK_POOR_FOR: Final = 120.0
