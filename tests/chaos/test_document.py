"""The document of the chaos is of the table as it is, and shows nothing that did not run."""

from .dangers import DANGERS
from .document import INTRODUCTION, KILL, PATH, PROMISES, promised
from .schedule import FAULTS


def test_each_fault_has_its_row_and_has_run() -> None:
    rows = [line for line in PATH.read_text().splitlines() if line.startswith("| ")]
    for fault in (*FAULTS, KILL, *DANGERS):
        cells = f"| {fault.text} | {fault.how} | {fault.allowed} |"
        assert sum(row.startswith(cells) for row in rows) == 1, fault.key


def test_it_promises_what_is_held() -> None:
    text = PATH.read_text()
    assert text.startswith(INTRODUCTION + "\n".join(promised()))
    assert PROMISES in text
