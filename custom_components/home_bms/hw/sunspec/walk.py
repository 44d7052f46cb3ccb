"""Walks a device's chain of SunSpec models, wherever it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modbus_connection import ModbusConnectionError, ModbusError, ModbusUnit
from modbus_connection.model.sunspec import SunSpecError, SunSpecModel, scan

from ..driver import DriverError
from ..modbus import driver_error


async def walk(
    unit: ModbusUnit, bases: Sequence[int], *, give_up: Callable[[], bool] = lambda: False
) -> tuple[int, Sequence[SunSpecModel]]:
    """Return where the chain begins and its models; `bases` are tried in their order. Raises DriverError.

    `give_up` is asked after each failure: whoever is silent is not asked everything.
    """
    troubles: list[DriverError] = []
    for base in bases:
        try:
            models = await scan(unit, base)
        except ModbusConnectionError as err:
            raise driver_error(err) from err
        except ModbusError as err:
            troubles.append(driver_error(err))
            if give_up():
                break
        except SunSpecError as err:
            troubles.append(DriverError("nonsense", str(err)))
        else:
            return base, models.chain
    # Who answers with something else than a chain says more than who refuses an address.
    raise next((trouble for trouble in troubles if trouble.key == "nonsense"), troubles[0])
