"""The Modbus registers of a Victron GX, service by service, as `modbus/07_victron_gx.md` lists them."""

from __future__ import annotations

from typing import Final

from modbus_connection.model import Component, NumberField, gauge, int32, integer, uint32

from ..registers import Text

CENTI: Final = 0.01
DECI: Final = 0.1
RESERVED: Final = 0xFFFF
NOTHING: Final = (0, RESERVED)
"""What a register holds whose value is not available, or that is reserved: for what is never 0 that is unknown."""


def known(address: int, scale: float = 1.0, unit: str | None = None) -> NumberField[float]:
    """Return an unsigned field of what is never 0 of a battery that is there."""
    return gauge(address, scale, signed=False, nan=NOTHING, unit=unit)


def degrees(address: int) -> NumberField[float]:
    """Return a field of tenths of a degree; 0.0 °C cannot be told from a sensor that is not there."""
    return gauge(address, DECI, nan=0, unit="°C")


def number(address: int) -> NumberField[int]:
    """Return an unsigned field of a number of which 0 means something."""
    return integer(address, signed=False)


class Battery(Component):
    """What every battery service has: measurements, alarms of 0, 1 (a warning) or 2, a relay."""

    register_ranges = ((256, 280),)

    wide_power = int32(256, unit="W")
    power = integer(258, unit="W")
    voltage = known(259, CENTI, "V")
    starter_voltage = known(260, CENTI, "V")
    current = gauge(261, DECI, unit="A")
    temperature = degrees(262)
    middle_voltage = known(263, CENTI, "V")
    middle_voltage_deviation = gauge(264, CENTI, signed=False, unit="%")
    consumed_capacity = gauge(265, -DECI, signed=False, unit="Ah")
    """At most 0: what was drawn since the battery was full."""
    soc = known(266, DECI, "%")
    general_alarm = number(267)
    pack_undervoltage = number(268)
    pack_overvoltage = number(269)
    starter_undervoltage = number(270)
    starter_overvoltage = number(271)
    soc_low = number(272)
    battery_undertemperature = number(273)
    battery_overtemperature = number(274)
    middle_voltage_fault = number(275)
    fused_undervoltage = number(276)
    fused_overvoltage = number(277)
    fuse_blown = number(278)
    internal_overtemperature = number(279)
    battery_relay = number(280)


class Limits(Component):
    """What a BMS asks the system for, and what it knows of its battery."""

    register_ranges = ((303, 309),)

    time_to_go = known(303, 100, "s")
    soh = known(304, DECI, "%")
    charge_voltage_limit = known(305, DECI, "V")
    low_voltage_limit = known(306, DECI, "V")
    charge_current_limit = gauge(307, DECI, signed=False, nan=RESERVED, unit="A")
    discharge_current_limit = gauge(308, DECI, signed=False, nan=RESERVED, unit="A")
    capacity = known(309, DECI, "Ah")


class Cells(Component):
    """The coldest and the hottest cell, and alarms that not every battery has."""

    register_ranges = ((318, 325),)

    cell_temperature_min = degrees(318)
    cell_temperature_max = degrees(319)
    charge_overcurrent = number(320)
    discharge_overcurrent = number(321)
    cell_difference = number(322)
    internal_fault = number(323)
    charge_overtemperature = number(324)
    charge_undertemperature = number(325)


class LaterAlarms(Component):
    """Alarms that came with a later firmware."""

    register_ranges = ((326, 331),)

    cell_undervoltage = number(326)
    bms_cable_fault = number(327)
    contactor_fault = number(328)
    overcurrent = number(329)
    wide_consumed_capacity = uint32(330, scale=-1.0, unit="Ah")


class Bms(Component):
    """What a BMS tells of itself and of its lowest and highest cell."""

    register_ranges = ((1282, 1292),)

    bms_state = number(1282)
    error_code = number(1283)
    system_switch = number(1284)
    balancing = number(1285)
    batteries = known(1286)
    batteries_parallel = known(1287)
    batteries_series = known(1288)
    cells_per_battery = known(1289)
    cell_voltage_min = known(1290, CENTI, "V")
    cell_voltage_max = known(1291, CENTI, "V")
    shutdowns_by_error = number(1292)


class Permissions(Component):
    """What a BMS lets the system do; 0 stands for "no" as well as for a battery that has none."""

    register_ranges = ((1297, 1299),)

    charge_allowed = number(1297)
    discharge_allowed = number(1298)
    external_relay = number(1299)


class Modules(Component):
    """The modules of a battery that has several, and its balancer."""

    register_ranges = ((1302, 1327),)

    modules_offline = number(1302)
    modules_online = number(1303)
    modules_blocking_charge = number(1304)
    modules_blocking_discharge = number(1305)
    cell_voltage_min_id = Text(1306, count=4)
    cell_voltage_max_id = Text(1310, count=4)
    cell_temperature_min_id = Text(1314, count=4)
    cell_temperature_max_id = Text(1318, count=4)
    battery_mode = number(1322)
    balancer_status = number(1323)
    smart_lithium_communication_lost = number(1324)
    smart_lithium_voltage_fault = number(1325)
    smart_lithium_count_mismatch = number(1326)
    smart_lithium_configuration_fault = number(1327)


class Names(Component):
    """What the battery is connected by, and what its user calls it."""

    register_ranges = ((1328, 1343),)

    connection = Text(1328, count=8)
    custom_name = Text(1336, count=8)


class Settings(Component):
    """Settings of the whole system, on unit 100; each is kept in flash."""

    register_ranges = ((2700, 2708), (2710, 2715), (2718, 2718), (2720, 2723), (2900, 2903), (4701, 4704))

    grid_setpoint = integer(2700, unit="W")
    charge_percentage = number(2701)
    discharge_percentage = number(2702)
    coarse_grid_setpoint = gauge(2703, 100, unit="W")
    coarse_discharge_power_max = gauge(2704, 10, unit="W")
    charge_current_max = integer(2705, unit="A")
    """-1 is no limit."""
    coarse_feed_in_power_max = gauge(2706, 100, unit="W")
    feed_in_dc_excess = number(2707)
    prevent_ac_feed_in = number(2708)
    charge_voltage_max = gauge(2710, DECI, signed=False, unit="V")
    ac_input_1 = number(2711)
    ac_input_2 = number(2712)
    ac_export_limit = integer(2713, unit="A")
    ac_input_limit = integer(2714, unit="A")
    always_peak_shave = number(2715)
    run_without_grid_meter = number(2718)
    discharge_power_max = int32(2720, unit="W")
    feed_in_power_max = int32(2722, unit="W")
    battery_life_state = number(2900)
    soc_min = gauge(2901, DECI, signed=False, unit="%")
    ess_mode = number(2902)
    soc_limit = gauge(2903, DECI, signed=False, unit="%")
    pump_auto_start = number(4701)
    pump_mode = number(4702)
    pump_start_value = number(4703)
    pump_stop_value = number(4704)


class Overrides(Component):
    """What the energy storage system is told from outside, on unit 100; nothing of it is kept in flash."""

    register_ranges = ((2709, 2709), (2716, 2717), (2724, 2724))

    feed_in_limited = number(2709)
    volatile_grid_setpoint = int32(2716, unit="W")
    pv_disabled = number(2724)


class System(Component):
    """The whole system, on unit 100."""

    register_ranges = (
        *((806, 807), (820, 822), (826, 826), (840, 846), (850, 851), (855, 855), (860, 860), (865, 866), (868, 871)),
    )

    relay_1 = number(806)
    relay_2 = number(807)
    grid_power_l1 = integer(820, unit="W")
    grid_power_l2 = integer(821, unit="W")
    grid_power_l3 = integer(822, unit="W")
    active_input = integer(826)
    system_voltage = known(840, DECI, "V")
    system_current = gauge(841, DECI, unit="A")
    system_power = integer(842, unit="W")
    system_soc = known(843, unit="%")
    system_state = number(844)
    system_consumed_capacity = gauge(845, -DECI, signed=False, unit="Ah")
    system_time_to_go = known(846, 100, "s")
    pv_power = number(850)
    pv_current = gauge(851, DECI, unit="A")
    charger_power = number(855)
    dc_loads_power = integer(860, unit="W")
    vebus_dc_current = gauge(865, DECI, unit="A")
    vebus_dc_power = integer(866, unit="W")
    inverter_charger_current = int32(868, scale=DECI, unit="A")
    inverter_charger_power = int32(870, unit="W")


class VeBus(Component):
    """A Multi or Quattro, on its own unit."""

    register_ranges = (
        *((26, 27), (30, 33), (37, 41), (57, 61), (65, 73), (94, 94), (96, 102), (104, 104), (200, 200)),
    )

    vebus_voltage = known(26, CENTI, "V")
    vebus_current = gauge(27, DECI, unit="A")
    vebus_soc = known(30, DECI, "%")
    vebus_state = number(31)
    vebus_error = number(32)
    vebus_mode = number(33)
    power_setpoint_l1 = integer(37, unit="W")
    charge_disabled = number(38)
    feed_in_disabled = number(39)
    power_setpoint_l2 = integer(40, unit="W")
    power_setpoint_l3 = integer(41, unit="W")
    bms_charge_allowed = number(57)
    bms_discharge_allowed = number(58)
    bms_expected = number(59)
    bms_error = number(60)
    vebus_temperature = degrees(61)
    no_overvoltage_feed_in = number(65)
    feed_in_power_max_l1 = gauge(66, 100, signed=False, unit="W")
    feed_in_power_max_l2 = gauge(67, 100, signed=False, unit="W")
    feed_in_power_max_l3 = gauge(68, 100, signed=False, unit="W")
    ignore_ac_input_1 = number(69)
    ignore_ac_input_2 = number(70)
    setpoint_is_feed_in_max = number(71)
    solar_offset_100_mv = number(72)
    sustain = number(73)
    bms_pre_alarm = number(94)
    wide_power_setpoint_l1 = int32(96, unit="W")
    wide_power_setpoint_l2 = int32(98, unit="W")
    wide_power_setpoint_l3 = int32(100, unit="W")
    prefer_renewable_energy = number(102)
    remote_generator_selected = number(104)
    micro_grid_mode = number(200)
