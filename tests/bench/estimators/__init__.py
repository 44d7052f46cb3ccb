"""How near estimators of the state of charge come to the truth of a recorded pack, beside other people's rules."""
