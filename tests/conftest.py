"""Makes the integration importable for every test.

Home Assistant's loader otherwise takes the harness's own `custom_components` folder for the only one.
"""

import custom_components.home_bms  # noqa: F401
