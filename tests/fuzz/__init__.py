"""Throws at each entrance what was never meant for it: it ends soon, in a value or a typed error, and opens nothing.

`test_entrances.py` goes through the table of `entrances.py` with hypothesis, `guided.py` lets atheris look for what
hypothesis did not think of, and the other tests are for what only a whole Home Assistant has.
"""
