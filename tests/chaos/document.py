"""Writes docs/chaos.md, the table of all faults, runs and outcomes, from what was lived."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .dangers import DANGERS
from .rules import RULES
from .schedule import FAULTS
from .table import Fault, Layer

PATH = Path(__file__).parents[2] / "docs" / "chaos.md"
HEAD = "| fault | how | allowed meanwhile | runs | minutes | back within, s | outcome |"
RULE = "|---|---|---|--:|--:|--:|---|"

INTRODUCTION = """# Chaos

A pack that lives, in a real Home Assistant, with an inverter that is told its limits on a CAN bus, while everything
between them goes wrong by chance, some of it at once: the lines, Home Assistant itself, its files and its clock.
Meanwhile the pack gets into true dangers. The physics, the register maps, the drivers, the supervisor and Home
Assistant are the real ones, and only the waiting is left out (`tests/chaos`). Each life has a number, its seed, and is
the same schedule again under that number:

```
scripts/chaos --seeds 7 --minutes 60 --show   # live one again, and print what it came to
scripts/chaos --seeds 0-15 --minutes 60       # live many, kill a real process five times, and write this file
```

## What is promised

Twice a second of simulated time the pack's true state is compared with what home_bms permits and with what the inverter
goes by. A danger and its permission may stand together for the first time where nothing else is wrong, and for the
second while something is: data count as now up to 10 s, there is a look every second, and a leap must be seen twice.

| never for longer than | all sound | while something is wrong |
|---|--:|--:|
"""

PROMISES = """
The inverter may take 4.5 s more: its own patience without limits is 3 s. Beyond that

- the pack's own protection against voltages and temperatures never has to act, unless the inverter does not hear
  home_bms and the pack's switch is out of reach at the same time;
- no trip is lost: it stands until a person resets it, through reloads and kills;
- no counter falls, of Ah and kWh either way and of full cycles, at no reload and at no start, but for what a kill may
  cost: 60 s, and 15 min of what is written only that often; nothing is made up either. From start to start what was
  counted is what flowed, but for 2 %, the sensor's offset, and what nobody could see;
- the charge goes on after a start where it was shown before;
- home_bms is back by itself within 180 s of the last fault; at the end, with sound cells, all limits rise again, every
  trip can be reset, every switch is closed;
- no error is in the log that does not belong to a fault that stands;
- unloaded, it leaves no task, no thread, no socket and no file open.

A kill within a life is a start with the files as they were at that moment. The process itself is killed by
`tests/e2e/test_kill.py`: a real Home Assistant in real time, whose counters, charge, trip and log are compared with
what they were before; its row in the table says so.

In half of the lives CAN is a UDP multicast group, whose frames pass real sockets, in the others python-can's bus within
the process. In those with a recorder its database is a file.
"""


KILL = Fault(
    key="kill_9", layer=Layer.HA, text="The process is killed hard and started again",
    how="`kill -9`, 2 to 45 s of charging after it was back; by `tests/e2e/test_kill.py`", slot="entry",
    lasts=(0.0, 0.0), begin=lambda house, random: None, allowed="up to 60 s of counting are lost",
)  # fmt: skip
"""It is no happening of a life: its test notes what it came to in the same form."""


def write(results: Sequence[dict[str, Any]], when: str) -> str:
    """Return the whole document."""
    lives = [each for each in results if "seed" in each]
    hours = sum(life["seconds"] for life in lives) / 3600
    seeds = ", ".join(str(life["seed"]) for life in lives)
    broken = [life for life in lives if life["violations"]]
    recovered = [life["risen"] for life in lives if life["risen"] is not None]
    minutes = " and ".join(f"{each / 60:g}" for each in sorted({life["seconds"] for life in lives}))
    found = f"{len(broken)} of them broke a promise" if broken else "none of them broke a promise"
    happened, looks = sum(len(life["faults"]) for life in lives), sum(life["looks"] for life in lives)
    trips, resets = sum(life["trips"] for life in lives), sum(life["resets"] for life in lives)
    blind, risen = max(life["blind"] for life in lives), max(recovered, default=0)
    summary = (
        f"{when}: {len(lives)} lives of {minutes} min, {hours:.1f} simulated hours, {looks} looks,"
        f" {happened} faults and dangers; {found}. {trips} trips latched, {resets} times a person reset them."
        f" Longest without a true word of the pack: {blind:.0f} s. At the end the limits were back within"
        f" {risen:.0f} s."
    )
    starts, kills = sum(life["starts"] for life in lives), sum(life["kills"] for life in lives)
    lost, grouped = max(life["lost"] for life in lives), sum(life["grouped"] for life in lives)
    counting = (
        f"{starts} times home_bms went on with what it had written, {kills} times after a kill, which cost {lost:.0f} s"
        f" of counting at most. CAN was a multicast group in {grouped} of the lives."
    )
    if hard := [run for each in results for run in each["faults"] if run["key"] == KILL.key]:
        counting += (
            f" The process was killed hard {len(hard)} times, which cost {max(run['lost'] for run in hard):.0f} s of"
            " counting at most; *back* is there with the start of Home Assistant."
        )
    back = (
        "*Back* is the longest time from a fault's end until pack and inverter were heard and told as ever, where no"
        " other fault began in between."
    )
    lines = [
        INTRODUCTION + "\n".join(promised()),
        PROMISES,
        "## The last run",
        "",
        summary,
        "",
        counting,
        "",
        f"Seeds: {seeds}.",
        "",
        back,
        "",
        *_table("Faults", (*FAULTS, KILL), results),
        *_table("True dangers", DANGERS, lives),
    ]
    if broken or any(run["broken"] for run in hard):
        lines += ["## Promises broken", ""]
        lines += [f"- seed {life['seed']}: {_short(text)}" for life in broken for text in life["violations"]]
        lines += [f"- {KILL.text}: {_short(text)}" for run in hard for text in run["broken"]]
        lines.append("")
    return "\n".join(lines)


def promised() -> list[str]:
    """Return the rows of what must hold at every instant."""
    return [f"| {rule.text} | {rule.soon:g} s | {rule.late:g} s |" for rule in RULES]


def _table(title: str, rows: Sequence[Fault], lives: Sequence[dict[str, Any]]) -> list[str]:
    lines = [f"## {title}", ""]
    for layer in Layer:
        if of_layer := [row for fault in rows if fault.layer is layer and (row := _row(fault, lives))]:
            lines += [f"### {layer[0].upper()}{layer[1:]}", "", HEAD, RULE, *of_layer, ""]
    return lines


def _row(fault: Fault, lives: Sequence[dict[str, Any]]) -> str | None:
    """Return the row of a fault; none of one that did not happen."""
    runs = [run for life in lives for run in life["faults"] if run["key"] == fault.key]
    back = [run["back"] for run in runs if run["back"] is not None]
    bad = sum(bool(run["broken"]) for run in runs)
    if not runs:
        return None
    cells = (
        fault.text,
        fault.how,
        fault.allowed,
        str(len(runs)),
        f"{sum(run['seconds'] for run in runs) / 60:.1f}",
        f"{max(back):.0f}" if back else "–",
        f"{bad} broken" if bad else "kept",
    )
    return f"| {' | '.join(cells)} |"


def _short(text: str) -> str:
    return text.splitlines()[0][:300].replace("|", "/")


def main() -> None:
    """Write the document from the results named on the command line, or print its tables with `--show`."""
    results = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    results.sort(key=lambda each: each.get("seed", -1))
    text = write(results, datetime.now(UTC).strftime("%Y-%m-%d"))
    if "--show" in sys.argv:
        print(text[text.index("## The last run") :])
    else:
        PATH.write_text(text)


if __name__ == "__main__":
    main()
