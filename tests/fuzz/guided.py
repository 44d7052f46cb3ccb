"""Lets atheris look for what breaks an entrance, guided by which lines of home_bms an input reaches.

usage: python -m tests.fuzz.guided ENTRANCE [options of libFuzzer]
       python -m tests.fuzz.guided "user DBC" -max_total_time=600

atheris is not among the requirements: its wheels are for Linux on x86-64 alone. `pip install atheris` in the .venv
brings it (3.1.0 is the first for Python 3.14). hypothesis makes the inputs of the same table from atheris's bytes, and
what breaks is shown as it shows it; keep it in the row's `found`, or as a story in the test of what is mended.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Fuzz one entrance until something breaks, or for as long as libFuzzer is told to."""
    import atheris  # noqa: PLC0415 - only who has it comes here

    with atheris.instrument_imports(include=["custom_components.home_bms"]):
        from .entrances import ENTRANCES  # noqa: PLC0415
        from .test_entrances import thrown  # noqa: PLC0415
    if len(sys.argv) < 2 or sys.argv[1] not in ENTRANCES:
        sys.stderr.write("\n".join(("usage: python -m tests.fuzz.guided ENTRANCE", *ENTRANCES)) + "\n")
        return 2
    name = sys.argv.pop(1)
    throw = thrown(ENTRANCES[name], lambda _: None)
    atheris.Setup([*sys.argv, "-artifact_prefix=build/"], throw.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
