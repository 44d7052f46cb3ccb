"""Rows 17 to 33, 62 and 72: values that are not what is measured."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

from custom_components.home_bms.core.model import PackReading

from .bench import Bench
from .checks import (
    ANSWERING,
    ANY_ALARM,
    ANY_TRIP,
    BROKEN,
    FELL,
    FRESH,
    NO_CHARGE,
    NO_CURRENT,
    NO_DISCHARGE,
    NOT_PERMITTED,
    PERMITTED,
    QUARTER,
    RAMPED,
    REDUCED,
    WANTS_CHARGE_OPEN,
    WANTS_DISCHARGE_OPEN,
    believed,
    doubted,
    error,
    gone,
    issue,
    no_issue,
    stops,
    told,
    tripped,
    within,
)
from .proxy import changed
from .rows_link import STAGED, sound, spoil
from .table import Act, Check, Row, Scene, Where

CHARGING = Scene(wanted=60.0)
RESTING = Scene()


def fault(name: str, cell: int | None = None, value: float | None = None) -> Act:
    """Begin a fault of the virtual pack."""
    return lambda bench: bench.inject(name, cell, value)


def clear(bench: Bench) -> None:
    """End the pack's faults."""
    bench.clear()


def reading(**changes: Any) -> Act:
    """Put values into what the driver has read; a function makes them of the reading."""

    def change(read: PackReading) -> PackReading:
        return replace(read, **{name: how(read) if callable(how) else how for name, how in changes.items()})

    def act(bench: Bench) -> None:
        bench.device.change = change

    return act


def honest(bench: Bench) -> None:
    bench.device.change = None


def with_cell(value: float | None) -> Any:
    """Return what puts a value in the seventh cell's place."""
    return lambda read: (*read.cells[:6], value, *read.cells[7:])


async def charge_to(bench: Bench, voltage: float) -> None:
    """Charge with 100 A, whatever is allowed, until a cell measures this much."""
    bench.disobey(100.0)
    await bench.until(lambda: (bench.now.believed.cell_max or 0.0) >= voltage, 900)


async def discharge_to(bench: Bench, voltage: float) -> None:
    bench.disobey(-100.0)
    await bench.until(lambda: (bench.now.believed.cell_min or 9.0) <= voltage, 900)


async def drain(bench: Bench) -> None:
    """Let the cells settle below the release, with a load where that is what it takes."""
    bench.disobey(-40.0)
    await bench.until(lambda: (bench.now.believed.cell_max or 9.0) < 3.38, 900)
    bench.obeys = True


async def fill(bench: Bench) -> None:
    bench.disobey(60.0)
    await bench.until(lambda: (bench.now.believed.cell_min or 0.0) > 3.15, 900)
    bench.obeys = True


async def load_steps(bench: Bench) -> None:
    """Break the wire between cell 5 and 6, then let the load jump three times."""
    bench.inject("open_sense_wire", 4, 1.0)
    for current in (60.0, 5.0, 60.0):
        bench.disobey(current)
        await bench.poll(2)


async def stuck_under_load(bench: Bench) -> None:
    """Let a load come and go for 300 s while the sensor tells nothing of it."""
    bench.inject("current_stuck", None, 0.0)
    for index in range(15):
        bench.disobey(100.0 if index % 2 else 20.0)
        await bench.poll(20)


async def sound_shunt(bench: Bench) -> None:
    """Let the sensor tell the truth, and a load come and go that proves it."""
    bench.clear()
    bench.obeys = True
    for index in range(12):
        bench.disobey(60.0 if index % 2 else 0.0)
        await bench.poll(3)


async def twenty_steps(bench: Bench) -> None:
    """Let the current come and go twenty times while its sign is wrong."""
    bench.inject("current_sign")
    for index in range(20):
        bench.disobey(60.0 if index % 2 else 0.0)
        await bench.poll(3)


async def freeze_cell(bench: Bench) -> None:
    bench.inject("frozen_cell", 3)
    await vary(bench, 600)


async def vary(bench: Bench, polls: int) -> None:
    """Let a load come and go each minute, as in a house."""
    for index in range(polls // 60):
        bench.disobey(100.0 if index % 2 else 40.0)
        await bench.poll(60)


async def vary_longer(bench: Bench) -> None:
    await freeze_cell(bench)
    await vary(bench, 1200)


async def thaw(bench: Bench) -> None:
    bench.clear()
    await vary(bench, 180)


def swapped(answer: bytes) -> bytes:
    """Return the block of the current with the words of voltage and current swapped, as other firmware orders them."""
    if len(answer) != 9 + 2 * 58:
        return answer
    turned = bytearray(answer)
    for address in (0x1290, 0x1298):
        at = 9 + address - 0x128A
        turned[at : at + 4] = turned[at + 2 : at + 4] + turned[at : at + 2]
    return bytes(turned)


async def swap_pack(bench: Bench) -> None:
    """Pull the cable, put another pack in its place, and plug it in again."""
    bench.proxy.refuses = True
    bench.proxy.cut()
    await bench.poll(3)
    bench.notes["writes"] = len(bench.server.writes)
    bench.inject("wrong_serial")
    bench.proxy.refuses = False


def at(key: str, value: float) -> Check:
    """Return whether the device's SoC moved our own."""
    return Check(
        text=f"SoC more than {value} % from before", holds=lambda b: abs(b.now.estimate.soc - b.notes[key]) > value
    )


def jump_soc(bench: Bench) -> None:
    bench.notes["soc"] = bench.now.estimate.soc
    bench.inject("soc_jump", None, 100.0)


WRITTEN = Check(
    text="anything is written to the other pack", holds=lambda b: len(b.server.writes) > b.notes.get("writes", 10**6)
)
DOUBTED_CURRENT = Check(text="current doubted", holds=lambda b: "current" in b.now.believed.doubts)
NOT_LATCHED = "Not latched: `sensor_failed` lets go by itself after 10 s of good values, as the core's table has it."
BOTH_OFF = (within(3, NO_CURRENT), within(3, stops("sensor_failed")))
FINE = (within(15, gone("sensor_failed")), within(16, PERMITTED), within(110, RAMPED))

ROWS = (
    Row(
        number=17, area="data", fault="A cell tells 65.535 V: no value", injected="pack: `cell_sentinel` on cell 7",
        scene=CHARGING, inject=fault("cell_sentinel", 6, 65.535),
        react=(within(1, doubted("cell_7", "out_of_range")), within(1, NOT_PERMITTED), *BOTH_OFF),
        never=(told("cell_overvoltage"), told("pack_overvoltage"), ANY_TRIP), watch=5, mend=clear, recover=FINE,
    ),
    Row(
        number=18, area="data", fault="A cell tells 0 V: its sense wire is off",
        injected="pack: `dead_cell_sense` on cell 7", scene=CHARGING, inject=fault("dead_cell_sense", 6, 0.0),
        react=(within(1, doubted("cell_7", "out_of_range")), within(1, NOT_PERMITTED), *BOTH_OFF),
        never=(told("cell_undervoltage"), told("deep_discharge"), told("pack_undervoltage"), ANY_TRIP), watch=5,
        mend=clear, recover=FINE, why=NOT_LATCHED,
    ),
    Row(
        number=18, part="b", area="data", fault="The wire between two cells is open: they move against each other",
        injected="pack: `open_sense_wire` behind cell 5, load steps of 55 A", scene=CHARGING, inject=load_steps,
        react=(within(1, doubted("cell_5", "open_wire")), within(1, doubted("cell_6", "open_wire")), *BOTH_OFF),
        never=(told("cell_overvoltage"), told("cell_undervoltage"), ANY_TRIP), mend=clear, recover=(),
        why=NOT_LATCHED + " It takes two load steps to be sure, so the polls count from the third.",
    ),
    *(
        Row(
            number=19, part=part, area="data", fault=f"A value is {word}",
            injected=f"reading: cell 7 and the current {word}",
            where=Where.READING, scene=CHARGING, inject=reading(cells=with_cell(value), current=value),
            react=(within(1, doubted("cell_7", "out_of_range")), within(1, NOT_PERMITTED), *BOTH_OFF),
            never=(told("cell_overvoltage"), ANY_TRIP, BROKEN), mend=honest, recover=FINE,
        )
        for part, word, value in (("", "NaN", nan), ("b", "infinite", inf))
    ),
    Row(
        number=20, area="data", fault="A source has nothing to tell",
        injected="reading: cells, current and voltage None",
        where=Where.READING, scene=CHARGING,
        inject=reading(cells=(None,) * 16, current=None, voltage=None, temperatures=(None,) * 4),
        react=(within(1, NOT_PERMITTED), within(6, QUARTER), within(11, NO_CURRENT), within(11, stops("data_missing"))),
        never=(ANY_TRIP, BROKEN), mend=honest,
        recover=(within(6, gone("data_missing")), within(6, PERMITTED), within(110, RAMPED)),
        why=STAGED + " In a pack made of entities a missing value takes the same way.",
    ),
    *(
        Row(
            number=21, part=part, area="data", fault=f"A temperature sensor tells {value:g} °C",
            injected=f"pack: `temperature_sentinel` {value:g} on sensor 2", scene=CHARGING,
            inject=fault("temperature_sentinel", 1, value),
            react=(within(1, doubted("temperature_2", reason)), *BOTH_OFF),
            never=(
                told("charge_overtemperature"), told("charge_undertemperature"), told("discharge_overtemperature"),
                told("discharge_undertemperature"), told("temperature_spread"), told("temperature_rise"), ANY_TRIP,
            ),
            watch=5, mend=clear, recover=FINE,
            why="Stricter: one broken sensor stops both directions; which cell it leaves unseen cannot be known.",
        )
        for part, value, reason in (
            ("", -40.0, "out_of_range"), ("b", 127.0, "out_of_range"), ("c", -273.1, "out_of_range"), ("d", 85.0,
            "sentinel"),
        )
    ),
    *(
        Row(
            number=22, part=part, area="data", fault=f"One sample of one cell is off by {value * 1000:+.0f} mV",
            injected=f"pack: `spike` of {value:+g} V on cell 4", scene=CHARGING, inject=fault("spike", 3, value),
            react=(), never=(FELL, ANY_ALARM, BROKEN), watch=10, mend=clear, recover=(within(1, PERMITTED),),
        )
        for part, value in (("", 0.3), ("b", -0.3))
    ),
    Row(
        number=23, area="protect", fault="A cell rises beyond the derating voltage while charging",
        injected="world: 100 A into a nearly full pack until 3.42 V", scene=Scene(wanted=60.0, soc=97.0),
        inject=lambda b: charge_to(b, 3.42), react=(within(1, REDUCED),), mend=drain,
    ),
    Row(
        number=23, part="b", area="protect", fault="It rises on to 3.55 V",
        injected="world: 100 A, disobedient, until 3.55 V", scene=Scene(wanted=60.0, soc=97.0),
        inject=lambda b: charge_to(b, 3.545), react=(within(3, NO_CHARGE), within(4, stops("cell_overvoltage"))),
        mend=drain, recover=(within(20, gone("cell_overvoltage")),),
        why="Counted from 5 mV below, so that nothing has happened yet.",
    ),
    Row(
        number=23, part="c", area="protect", fault="It rises on to the trip",
        injected="world: 100 A, disobedient, until 3.59 V", scene=Scene(wanted=60.0, soc=97.0, control=False),
        inject=lambda b: charge_to(b, 3.597),
        react=(within(7, tripped("cell_overvoltage")), within(7, WANTS_CHARGE_OPEN)), never=(told("short_circuit"),),
        latches=("cell_overvoltage",), mend=drain, recover=(within(60, PERMITTED),),
        why="Trips at 3.60 V for 3 s, 50 mV inside the pack's own cut-off; counted from 3 mV below. Control is off:"
        " with it"
        " the charge switch opens before.",
    ),
    Row(
        number=24, area="protect", fault="A cell falls beyond the derating voltage while discharging",
        injected="world: 100 A out of a nearly empty pack until 2.88 V", scene=Scene(wanted=-60.0, soc=4.0),
        inject=lambda b: discharge_to(b, 2.9015), react=(within(5, NO_DISCHARGE), within(5,
        stops("cell_undervoltage"))),
        mend=fill, recover=(within(20, gone("cell_undervoltage")),), why="DCL is 0 from 2.9 V, stricter than 2.8 V.",
    ),
    Row(
        number=24, part="b", area="protect", fault="It falls on to the trip",
        injected="world: 100 A, disobedient, until 2.71 V", scene=Scene(wanted=-60.0, soc=4.0, control=False),
        inject=lambda b: discharge_to(b, 2.705),
        react=(within(8, tripped("cell_undervoltage")), within(8, WANTS_DISCHARGE_OPEN)),
        latches=("cell_undervoltage",),
        mend=fill, recover=(within(60, PERMITTED),),
        why="Trips at 2.70 V for 5 s: slower than the 3 s of the sheet, but 200 mV earlier.",
    ),
    Row(
        number=25, area="data", fault="A cell's value does not move for ten minutes under load",
        injected="pack: `frozen_cell` 4, load 40 and 100 A in turn", scene=CHARGING, inject=freeze_cell,
        react=(within(65, doubted("cell_4", "frozen")),), never=(ANY_TRIP,), mend=thaw,
        recover=(within(2, believed("cell_4")),), why="Looked at once a minute; the polls count from the tenth.",
    ),
    Row(
        number=25, part="b", area="data", fault="It does not move for half an hour",
        injected="pack: `frozen_cell` 4, load 40 and 100 A in turn", scene=CHARGING, inject=vary_longer,
        react=(within(80, NO_CURRENT),), never=(ANY_TRIP,), mend=thaw, recover=(within(30, PERMITTED),),
        why="The polls count from the thirtieth minute.",
    ),
    Row(
        number=26, area="data", fault="The device repeats itself: its controller hangs behind a live link",
        injected="pack: `frozen` while 60 A flow", scene=CHARGING, inject=fault("frozen"),
        react=(within(62, doubted("pack", "frozen")), within(72, NO_CURRENT)), never=(ANY_TRIP,), mend=clear,
        recover=(within(8, PERMITTED), within(110, RAMPED)),
        why="After 60 s nothing counts as new any more; then the ages of ADR 2 run.",
    ),
    Row(
        number=30, area="data", fault="Pack voltage and the sum of the cells differ by 2 V",
        injected="pack: `voltage_offset` 2 V", scene=CHARGING, inject=fault("voltage_offset", None, 2.0),
        react=(within(1, doubted("voltage", "sum_of_cells")), within(1, NOT_PERMITTED), within(11, NO_CURRENT)),
        never=(ANY_TRIP,), mend=clear, recover=(within(6, PERMITTED), within(110, RAMPED)), why=STAGED,
    ),
    Row(
        number=27, area="data", fault="The current sensor tells 0 A while a load comes and goes",
        injected="pack: `current_stuck` 0 A, load 20 and 100 A in turn", scene=Scene(wanted=100.0),
        inject=stuck_under_load, react=(within(1, DOUBTED_CURRENT), within(1, NOT_PERMITTED), within(12, NO_CURRENT)),
        never=(ANY_TRIP,), mend=sound_shunt, recover=(within(3, believed("current")), within(110, RAMPED)),
        why="Counted from 300 s of a load that changes every 20 s. A load that never changes shows nothing but the slow"
        " climb of the plateau, which nobody tells from the noise.",
    ),
    Row(
        number=28, area="data", fault="The current sensor is mounted the wrong way round",
        injected="pack: `current_sign`, twenty load steps of 60 A", scene=CHARGING, inject=twenty_steps,
        react=(within(1, DOUBTED_CURRENT), within(1, NOT_PERMITTED), within(12, NO_CURRENT)), never=(ANY_TRIP,),
        mend=sound_shunt, recover=(within(620, believed("current")), within(720, RAMPED)),
        why="Counted from the twentieth load step. Without a load nothing proves a mended sensor right, so it is"
        " tried again"
        " after ten minutes.",
    ),
    Row(
        number=30, part="b", area="data", fault="Pack voltage and the sum of the cells differ by 0.7 V",
        injected="pack: `voltage_offset` 0.7 V", scene=CHARGING, inject=fault("voltage_offset", None, 0.7),
        react=(within(2, doubted("voltage", "sum_of_cells")),), never=(ANY_TRIP,), mend=clear,
        recover=(within(6, PERMITTED), within(110, RAMPED)),
    ),
    Row(
        number=31, area="data", fault="The device tells one cell less", injected="pack: `cell_lost`", scene=CHARGING,
        inject=fault("cell_lost"), react=(within(1, NOT_PERMITTED), within(11, NO_CURRENT)), never=(ANY_TRIP, BROKEN),
        mend=clear, recover=(within(16, PERMITTED), within(110, RAMPED)),
        why=STAGED + " To the driver the last cell is one that is set up and not wired: a missing value.",
    ),
    Row(
        number=33, area="data", fault="Another pack stands in the place of the first",
        injected="line: cut and refused for 3 polls; pack: `wrong_serial`", scene=CHARGING, inject=swap_pack,
        react=(within(3, issue("identity_changed")), within(3, NO_CURRENT), within(3, error("identity_changed"))),
        never=(WRITTEN, BROKEN), watch=60, mend=clear,
        recover=(within(3, no_issue("identity_changed")), within(3, ANSWERING), within(110, RAMPED)),
    ),
    Row(
        number=62, area="estim", fault="The device's own SoC jumps to 100 %", injected="pack: `soc_jump` 100 %",
        scene=CHARGING, inject=jump_soc, react=(), never=(at("soc", 1.0), FELL, ANY_ALARM), watch=20, mend=clear,
        recover=(within(1, FRESH),), why="The own count goes on, whatever the device's says.",
    ),
    Row(
        number=72, area="data", fault="Other firmware swaps the words of 32-bit values",
        injected="line: words of pack voltage and current swapped", scene=CHARGING, inject=spoil(changed(swapped)),
        react=(
            within(11, NOT_PERMITTED), within(12, NO_CURRENT),
        ),
        never=(ANY_TRIP, BROKEN), mend=sound, recover=FINE,
        why="An answer that makes no sense is no reading at all: what was last believed grows old.",
    ),
)  # fmt: skip
