"""A current sensor that contradicts the voltage."""

from .conftest import Story


def doubts(story: Story) -> dict[str, str]:
    assert story.snapshot is not None
    return dict(story.snapshot.believed.doubts)


def test_a_sensor_mounted_backwards_is_found_within_twenty_load_steps() -> None:
    story = Story()
    for step in range(12):
        # Charging lifts the cells; this sensor calls it discharging.
        story.tell(1, current=-40.0 if step % 2 else 0.0, cell=3.31 if step % 2 else 3.30)
    assert doubts(story) == {"current": "disagrees"}
    story.tell(11, current=0.0)
    assert (story.decision.ccl.value, story.decision.ccl.reason.rule) == (0, "data_missing")


def test_a_sensor_that_is_right_stays_right_though_a_step_or_two_contradict() -> None:
    story = Story()
    for step in range(40):
        lifted = step % 2 if step % 8 else 1 - step % 2
        story.tell(1, current=40.0 * (step % 2), cell=3.31 if lifted else 3.30)
    assert doubts(story) == {}


def test_a_sensor_stuck_at_nothing_is_found_when_the_cells_move_under_load() -> None:
    """faults.md 27."""
    story = Story()
    for step in range(6):
        story.tell(1, current=0.0, cell=3.31 if step % 2 else 3.30)
    assert doubts(story) == {"current": "frozen"}
    story.tell(1, current=12.0, cell=3.31)
    assert doubts(story) == {}


def test_a_sensor_is_tried_again_after_ten_minutes_without_a_contradiction() -> None:
    story = Story()
    for step in range(6):
        story.tell(1, current=0.0, cell=3.31 if step % 2 else 3.30)
    story.tell(590)
    assert doubts(story) == {"current": "frozen"}
    story.tell(20)
    assert doubts(story) == {}


def test_voltage_that_relaxes_between_far_apart_samples_is_no_contradiction() -> None:
    story = Story()
    for step in range(10):
        story.tell(60, every=60, current=0.0, cell=3.30 + 0.004 * step)
    assert doubts(story) == {}


def test_a_repeated_or_missing_sample_changes_nothing() -> None:
    story = Story()
    for step in range(6):
        story.tell(1, current=0.0, cell=3.31 if step % 2 else 3.30)
    story.silence(2)
    story.tell(1, current=None)
    assert doubts(story)["current"] == "frozen"
