"""The whole battery as others read it over SunSpec: down to the cell, and never as new what is old."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_connection import IllegalFunctionError, ModbusError, ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP, SunSpecModbusClientError
from sunspec2.modbus.modbus import ModbusClientError, ModbusClientException

from custom_components.home_bms.core import bms
from custom_components.home_bms.core.bank import Bank, Extreme
from custom_components.home_bms.core.chemistry import configure
from custom_components.home_bms.core.protection import PROTECTION_KEYS
from custom_components.home_bms.hw.devices import DEVICES
from custom_components.home_bms.hw.shown_pack import ShownPack, shown_pack
from custom_components.home_bms.hw.sunspec.memory import found_in, memory_with
from custom_components.home_bms.hw.sunspec_bank import EVENT_BITS, chain
from custom_components.home_bms.hw.sunspec_server import STALE_AFTER, ServerConfig, SunSpecServer
from custom_components.home_bms.hw.virtual import VirtualPack

from .clock import Clock

CONFIG = configure(
    chemistry="lfp", cells=16, capacity=280.0, charge_current=140.0, discharge_current=200.0, temperature_sensors=4
)


def virtual(number):
    """Return a pack in the middle of something, and what of it is shown."""
    pack = VirtualPack(seed=number, soc=50.0 + 10 * number, serial_number=f"VIRTUAL-{number}")
    pack.demand = -20.0 - number
    pack.step(5)
    state = bms.start(CONFIG)
    for second in range(4):
        pack.step(1)
        state, snapshot = bms.observe(CONFIG, state, pack.reading(100.0 + second))
    return pack, snapshot, shown_pack(CONFIG, snapshot, pack.info.serial_number)


def bank_of(shown, **changes):
    """Return the battery that the packs make."""
    cells = [(value, pack, place) for pack, each in enumerate(shown) for place, value in enumerate(each.cells)]
    (high, *at_high), (low, *at_low) = max(cells), min(cells)
    bank = Bank(
        time=0.0,
        cvl=55.2,
        dvl=46.391,
        ccl=100.5,
        dcl=180.27,
        charge_permitted=True,
        discharge_permitted=True,
        voltage=53.12,
        current=sum(pack.current for pack in shown),
        soc=61.5,
        soh=99.1,
        cell_max=Extreme(value=high, pack=at_high[0], place=at_high[1]),
        cell_min=Extreme(value=low, pack=at_low[0], place=at_low[1]),
        capacity=560.0,
        cycles=12,
        packs=len(shown),
        name="Cellar",
        serial_number="HB-1",
        firmware="1.0",
    )
    return replace(bank, **changes)


@pytest.fixture(scope="module")
def packs():
    return [virtual(number) for number in range(2)]


@pytest.fixture
def shown(packs):
    return [pack for *_, pack in packs]


@asynccontextmanager
async def serving(bank=None, packs=(), clock=None, **config):
    """Serve a battery."""
    server = SunSpecServer(ServerConfig(**config), clock=clock or Clock())
    if bank is not None:
        server.tell(bank, packs)
    await server.async_start()
    try:
        yield server
    finally:
        await server.async_stop()
        assert server.port == server.clients == 0


async def client(server, then=lambda device: None, unit_id=1):
    """Return what somebody else's client reads, after `then` was done with it; it knows nothing of asyncio."""

    def read():
        device = SunSpecModbusClientDeviceTCP(slave_id=unit_id, ipaddr="127.0.0.1", ipport=server.port, timeout=5)
        try:
            device.scan()
            then(device)
        finally:
            device.disconnect()
        return device

    return await asyncio.get_running_loop().run_in_executor(None, read)


@asynccontextmanager
async def unit(server, unit_id=1):
    """Return a unit of our own client."""
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=server.port))
    try:
        yield connection.for_unit(unit_id)
    finally:
        await connection.close()


def told(group):
    """Return the points of a group that are told, in units."""
    return {name: point.cvalue for name, point in group.points.items() if point.cvalue is not None}


# What is read


async def test_a_client_reads_every_cell_and_temperature_as_the_pack_has_them(socket_enabled, packs, shown):
    async with serving(bank_of(shown), shown) as server:
        device = await client(server)
    assert device.base_addr == 40000
    assert {number: len(device.models[number]) for number in (1, 802, 803, 804, 805)} == {
        **dict.fromkeys((1, 802, 803), 1),
        **dict.fromkeys((804, 805), 2),
    }
    for number, (pack, snapshot, _) in enumerate(packs):
        module = device.models[805][number]
        points, cells = told(module), getattr(module, "lithium-ion-module-cell")
        believed = snapshot.believed
        assert [cell.points["CellV"].cvalue for cell in cells] == [round(cell, 3) for cell in believed.cells]
        warm = [cell.points["CellTmp"].cvalue for cell in cells]
        assert {place: value for place, value in enumerate(warm) if value is not None} == {
            4 * sensor: pytest.approx(value, abs=0.051) for sensor, value in enumerate(believed.temperatures)
        }
        assert (points["StrIdx"], points["ModIdx"], points["NCell"]) == (number + 1, 1, 16)
        assert points["SN"] == pack.info.serial_number
        assert points["CellVMax"] == round(max(believed.cells), 3)
        assert points["CellVMaxCell"] == believed.cell_max_index + 1
        assert points["CellVMinCell"] == believed.cell_min_index + 1
        assert points["V"] == pytest.approx(believed.voltage, abs=0.0051)
        assert points["SoC"] == pytest.approx(snapshot.estimate.soc, abs=0.0051)


async def test_a_client_reads_the_battery_as_it_is_decided(socket_enabled, shown):
    bank = bank_of(shown)
    async with serving(bank, shown) as server:
        device = await client(server)
    common, battery, tell = told(device.common[0]), told(device.battery[0]), device.lithium_ion_bank[0]
    assert (common["Mn"], common["Md"], common["SN"], common["Vr"]) == ("home_bms", "Cellar", "HB-1", "1.0")
    assert (battery["AHRtg"], battery["WHRtg"]) == (560, pytest.approx(2 * CONFIG.energy[-1], abs=1))
    assert (battery["AChaMax"], battery["ADisChaMax"], battery["VMax"], battery["VMin"]) == (100.5, 180.2, 55.2, 46.4)
    assert battery["A"] == pytest.approx(bank.current, abs=0.051)
    assert battery["W"] == pytest.approx(bank.current * bank.voltage, abs=5.1)
    assert [battery[name] for name in ("V", "SoC", "DoD", "SoH", "NCyc")] == [53.12, 61.5, 38.5, 99.1, 12]
    # Discharging, connected, lithium-ion, nobody controls it from here.
    assert (battery["ChaSt"], battery["State"], battery["Typ"], battery["LocRemCtl"]) == (3, 3, 4, 1)
    assert (battery["CellVMax"], battery["CellVMin"]) == (round(bank.cell_max.value, 3), round(bank.cell_min.value, 3))
    assert (battery["CellVMaxStr"], battery["CellVMinStr"]) == (bank.cell_max.pack + 1, bank.cell_min.pack + 1)
    assert battery["Evt1"] == battery["Evt2"] == 0
    assert battery["WChaRteMax"] == pytest.approx(CONFIG.energy[-1], rel=0.01)
    points = told(tell)
    assert (points["NStr"], points["NStrCon"]) == (2, 2)
    hottest = max((value, number) for number, pack in enumerate(shown, 1) for value in pack.temperatures)
    assert (points["ModTmpMax"], points["ModTmpMaxStr"]) == (pytest.approx(hottest[0], abs=0.051), hottest[1])
    for number, pack in enumerate(shown):
        row, string = told(tell.string[number]), told(device.models[804][number])
        assert row["StrSoC"] == string["SoC"] == pytest.approx(pack.soc, abs=0.0051)
        assert row["StrA"] == string["A"] == pytest.approx(pack.current, abs=0.051)
        assert row["StrCellVMin"] == string["CellVMin"] == round(min(pack.cells), 3)
        assert (row["StrNMod"], row["StrSt"], string["Idx"], string["St"]) == (1, 3, number + 1, 3)
        (module,) = device.models[804][number].lithium_ion_string_module
        assert (told(module)["ModNCell"], told(module)["ModCellVMin"]) == (16, string["CellVMin"])


async def test_our_own_driver_reads_what_our_server_tells(socket_enabled, packs, shown):
    (_, snapshot, pack), *_ = packs
    async with (
        serving(bank_of([pack], current=pack.current, voltage=pack.voltage), [pack]) as server,
        unit(server) as to,
    ):
        driver = DEVICES["sunspec"].driver(to)
        reading = await driver.async_read()
        await driver.async_read()
    assert driver.info.serial_number == "HB-1"
    assert reading.cells == tuple(round(cell, 3) for cell in snapshot.believed.cells)
    # The charge state says that a discharging current is negative.
    assert reading.current == pytest.approx(pack.current, abs=0.051)


@pytest.mark.parametrize(("base", "unit_id"), [(0, 71), (50000, 126)])
async def test_base_and_unit_id_are_the_users(socket_enabled, shown, base, unit_id):
    async with serving(bank_of(shown), shown, base=base, unit_id=unit_id) as server:
        device = await client(server, unit_id=unit_id)
        assert device.base_addr == base
        assert device.common[0].DA.value == unit_id
        async with unit(server, 5) as other:
            with pytest.raises(ModbusError):
                await other.read_holding_registers(base, 2)


async def test_the_sign_is_the_users(socket_enabled, shown):
    async with serving(bank_of(shown), shown, sign=-1) as server:
        device = await client(server)
    assert device.battery[0].A.cvalue > 0
    assert device.battery[0].ChaSt.value == 3
    assert all(string.A.cvalue > 0 for string in device.models[804])


async def test_nothing_is_there_until_something_was_told(socket_enabled):
    async with serving() as server, unit(server) as to:
        with pytest.raises(ModbusError):
            await to.read_holding_registers(40000, 2)
        with pytest.raises((SunSpecModbusClientError, ModbusClientError)):
            await client(server)


# Who may do what


async def test_a_write_is_refused_with_an_exception_and_changes_nothing(socket_enabled, shown):
    def write(device):
        battery = device.battery[0]
        battery.SetOp.value = 2
        with pytest.raises(ModbusClientException) as caught:
            battery.write()
        assert "1" in str(caught.value)
        battery.read()

    async with serving(bank_of(shown), shown) as server:
        before = server.read(40000, 100)
        device = await client(server, write)
        assert server.read(40000, 100) == before
        assert server.refused == 1
        assert server.turned_away == 0
    assert device.battery[0].SetOp.value is None


@pytest.mark.parametrize(
    "ask",
    [
        lambda to: to.write_register(40084, 1),
        lambda to: to.write_registers(40084, [1, 2]),
        lambda to: to.write_coil(0, True),
        lambda to: to.read_coils(0, 1),
        lambda to: to.read_input_registers(40000, 2),
    ],
)
async def test_no_function_but_reading_is_served(socket_enabled, shown, ask):
    async with serving(bank_of(shown), shown) as server, unit(server) as to:
        with pytest.raises(IllegalFunctionError):
            await ask(to)
        assert await to.read_holding_registers(40000, 2) == [0x5375, 0x6E53]


async def test_a_port_that_is_taken_is_an_error_that_can_be_told(socket_enabled, shown):
    async with serving(bank_of(shown), shown) as server:
        with pytest.raises(OSError, match="running already"):
            await server.async_start()
        other = SunSpecServer(ServerConfig(port=server.port))
        with pytest.raises(OSError, match="listened"):
            await other.async_start()
        await other.async_stop()


@pytest.mark.parametrize("wrong", [{"unit_id": 0}, {"unit_id": 248}, {"base": 4}, {"clients": 0}, {"host": " "}])
def test_a_setting_that_cannot_be_is_refused(wrong):
    with pytest.raises(
        ValueError,
        match=r"unit id|chain|client|address",
    ):
        ServerConfig(**wrong)


def test_a_battery_that_does_not_fit_is_refused(shown):
    server = SunSpecServer(ServerConfig(base=50000), clock=Clock())
    with pytest.raises(ValueError, match="100 packs do not fit"):
        server.tell(bank_of(shown), [shown[0]] * 100)
    server.tell(bank_of(shown), shown)


# What is old, and what is not known


async def test_what_is_not_told_anew_is_not_told_as_new(socket_enabled, shown):
    clock = Clock()
    async with serving(bank_of(shown), shown, clock) as server:
        first = (await client(server)).battery[0].Hb.value
        clock.now += 3
        server.tell(bank_of(shown), shown)
        fresh = await client(server)
        assert fresh.battery[0].Hb.value == first + 3
        clock.now += STALE_AFTER + 1
        old = await client(server)
        clock.now += 1000
        assert (await client(server)).battery[0].Hb.value == first + 3
        server.tell(bank_of(shown), shown)
        again = await client(server)
    battery = told(old.battery[0])
    assert battery["Hb"] == first + 3
    assert battery["Evt1"] == 1
    assert (battery["AChaMax"], battery["ADisChaMax"], battery["State"]) == (0, 0, 99)
    assert not {"SoC", "V", "A", "W", "CellVMax", "ChaSt"} & battery.keys()
    assert [string.Evt1.value for string in old.models[804]] == [1, 1]
    cells = [cell for module in old.models[805] for cell in getattr(module, "lithium-ion-module-cell")]
    assert {cell.CellV.cvalue for cell in cells} | {cell.CellTmp.cvalue for cell in cells} == {None}
    assert told(again.battery[0])["AChaMax"] == 100.5


def test_a_pack_that_is_not_heard_does_not_hide_the_other(shown):
    lost = replace(shown[1], heard=False)
    values = points(bank_of(shown), [shown[0], lost])
    here, gone = values["modules"]
    assert [cell["CellV"] for cell in gone["cell"]] == [None] * 16
    assert [cell["CellV"] for cell in here["cell"]] == pytest.approx(shown[0].cells, abs=0.0006)
    first, second = values["strings"]
    assert (first["Evt1"], second["Evt1"]) == (0, 1)
    assert (second["St"], second["SoC"], second["V"]) == (1, None, None)
    assert (values["bank"][0]["NStrCon"], values["bank"][0]["ModTmpMax"]) == (1, None)
    assert values["battery"][0]["CellVAvg"] is None


def points(bank, packs, **more):
    """Return what the registers tell, by the models' titles."""
    how = {"unit_id": 1, "sign": 1, "heartbeat": 0, "fresh": True} | more
    return found_in(memory_with(chain(bank, packs, **how)))


@pytest.mark.parametrize(
    ("changes", "state", "charge_state"),
    [
        ({}, 3, 3),
        ({"current": 5.0}, 3, 4),
        ({"current": 0.0}, 3, 6),
        ({"current": None}, 3, None),
        ({"discharge_permitted": False}, 3, 3),
        ({"charge_permitted": False, "discharge_permitted": False}, 4, 3),
        ({"packs": 0}, 1, 1),
    ],
)
def test_the_states_say_what_may_flow_and_what_does(shown, changes, state, charge_state):
    (battery,) = points(bank_of(shown, **changes), shown)["battery"]
    assert (battery["State"], battery["ChaSt"]) == (state, charge_state)


def test_a_direction_that_is_not_permitted_has_a_limit_of_zero(shown):
    (battery,) = points(bank_of(shown, charge_permitted=False), shown)["battery"]
    assert (battery["AChaMax"], battery["ADisChaMax"]) == (0.0, 180.2)


def test_what_is_not_known_is_not_implemented(shown):
    unknown = ShownPack(
        capacity=280.0, charge_current=140.0, discharge_current=200.0, energy=14000.0, cells=(None, 3.3)
    )
    bank = bank_of(shown, voltage=None, soc=None, soh=None, cycles=None, cell_max=None, cell_min=None)
    values = points(bank, [unknown])
    (battery,), (string,), (module,) = values["battery"], values["strings"], values["modules"]
    for name in ("V", "W", "SoC", "DoD", "SoH", "NCyc", "CellVMax", "CellVMin", "CellVMaxStr", "CellVAvg"):
        assert battery[name] is None
    for name in ("V", "A", "SoC", "DoD", "NCellBal", "CellVMax", "ModTmpMax"):
        assert string[name] is None
    assert [cell["CellV"] for cell in module["cell"]] == [None, 3.3]
    assert (module["CellVMaxCell"], module["cell"][0]["CellSt"]) == (None, None)
    # A battery without any pack can be shown too.
    assert points(bank_of(shown, packs=0), [])["bank"][0]["NStr"] == 0


def test_a_sodium_ion_battery_is_no_lithium_ion_one(shown):
    assert points(bank_of(shown, chemistry="na_ion"), shown)["battery"][0]["Typ"] == 99


def test_alarms_and_warnings_have_their_bits(shown):
    bank = bank_of(
        shown, alarms=frozenset({"cell_overvoltage", "command_ignored"}), warnings=frozenset({"soc_reserve"})
    )
    alarmed = replace(
        shown[0], alarms=frozenset({"precharge_failed"}), warnings=frozenset({"precharge_failed", "cell_difference"})
    )
    values = points(bank, [alarmed])
    assert values["battery"][0]["Evt1"] == 1 << 9 | 1 << 25 | 1 << 14
    assert (values["strings"][0]["Evt1"], values["strings"][0]["ConFail"]) == (1 << 20 | 1 << 17, 7)
    assert EVENT_BITS.keys() <= set(PROTECTION_KEYS)


# From a snapshot


def test_what_limits_no_longer_rest_on_is_not_shown(packs):
    _, snapshot, pack = packs[0]
    assert pack.connected
    assert pack.cells == snapshot.believed.cells

    def shown(**ages):
        return shown_pack(CONFIG, replace(snapshot, believed=replace(snapshot.believed, **ages)))

    old = CONFIG.age_stop
    assert not shown(link_age=old).heard
    assert shown(cells_age=old).cells == (None,) * 16
    assert shown(temperatures_age=old).temperatures == (None,) * 4
    assert (shown(current_age=old).current, shown(current_age=old).voltage) == (None, None)
    assert shown(cells_age=old - 1).cells == snapshot.believed.cells


@pytest.mark.parametrize(
    ("balancing", "bleed", "told"),
    [
        (None, None, None),
        (True, None, None),
        (False, None, (False,) * 16),
        (True, (True,) + (False,) * 15, (True,) + (False,) * 15),
    ],
)
def test_which_cells_are_bled_is_told_where_it_is_known(packs, balancing, bleed, told):
    _, snapshot, _ = packs[0]
    switches = replace(snapshot.reading.switches, bleed=bleed)
    reading = replace(snapshot.reading, balancing=balancing, switches=switches)
    pack = shown_pack(CONFIG, replace(snapshot, reading=reading))
    assert pack.balancing == told
    (module,) = points(bank_of([pack]), [pack])["modules"]
    assert module["NCellBal"] == (None if told is None else sum(told))
    assert module["cell"][0]["CellSt"] == (None if told is None else int(told[0]))


# Laws


cells = st.lists(st.none() | st.integers(500, 5000).map(lambda raw: raw / 1000), min_size=1, max_size=24)
anything = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(cells, max_size=4), voltage=anything, current=anything, soc=anything, heat=anything)
def test_every_known_cell_comes_through_and_nothing_breaks_a_register(rows, voltage, current, soc, heat):
    packs = [
        ShownPack(
            capacity=280.0,
            charge_current=140.0,
            discharge_current=140.0,
            energy=14336.0,
            cells=tuple(row),
            temperatures=(heat,),
            voltage=voltage,
            current=current,
            soc=soc,
        )
        for row in rows
    ]
    bank = Bank(
        time=0.0,
        cvl=55.2,
        dvl=44.0,
        ccl=10.0,
        dcl=10.0,
        charge_permitted=True,
        discharge_permitted=True,
        voltage=voltage,
        current=current,
        soc=soc,
    )
    memory = memory_with(chain(bank, packs, unit_id=1, sign=1, heartbeat=70000, fresh=True))
    assert all(0 <= word <= 0xFFFF for word in memory.values())
    values = found_in(memory)
    assert [[cell["CellV"] for cell in module["cell"]] for module in values.get("modules", [])] == rows
