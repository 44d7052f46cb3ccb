"""The document that shows the fault matrix says what the table says, and what it measured keeps to it."""

from .document import PATH, measured, write
from .rows import ROWS


def test_the_document_agrees_with_the_table() -> None:
    """Run scripts/fault_matrix where it does not."""
    document = PATH.read_text()
    assert write(measured(document)) == document


def test_every_row_was_measured_and_kept_its_time() -> None:
    outcomes = measured(PATH.read_text())
    assert set(outcomes) == {row.name for row in ROWS}
    for row in ROWS:
        outcome = outcomes[row.name]
        for dues, took in ((row.react, outcome.react), (row.recover, outcome.recover)):
            assert len(dues) == len(took), row.name
            assert all(polls <= due.within for due, polls in zip(dues, took, strict=True)), row.name
