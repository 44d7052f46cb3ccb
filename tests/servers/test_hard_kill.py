"""Home Assistant is killed hard: the broker says so, what was retained ends by itself, and the database is whole."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from scripts.hass import CONFIGURATION, Hass, free_port

from ..ha.conftest import until
from .broker import Mosquitto, operator
from .database import Postgres

PLAIN: Final = {"set_client_cert": False, "set_ca_cert": "off"}
FLEET: Final = {"enabled": True, "base_topic": "acme/site-7"}
# As the page for operators proposes where several houses share a broker.
WILL: Final = {"will_topic": "acme/site-7/status", "will_retain": True}
SOC: Final = "sensor.shed_state_of_charge"


async def test_a_house_that_dies_is_known_to_be_gone_and_its_database_is_whole(
    tmp_path: Path, mosquitto: Mosquitto, postgres: Postgres
) -> None:
    url = postgres.new_database()
    configuration = CONFIGURATION.replace("recorder:\n", f"recorder:\n  db_url: {url}\n")
    async with Hass(tmp_path / "config", port=free_port(), configuration=configuration) as hass:
        broker = {"broker": "127.0.0.1", "port": mosquitto.port, "other_settings": PLAIN}
        mqtt, _ = await hass.add("mqtt", broker)
        await hass.configure(mqtt["entry_id"], WILL)
        entry, _ = await hass.add("home_bms", "virtual", {"cells": 4}, {"name": "Shed"})
        with operator(mosquitto.port, "acme/site-7/#") as listener:
            await hass.configure(entry["entry_id"], "fleet", FLEET)
            await until(lambda: listener.of("/state", lambda each: "/packs/" in each.topic), 30)
            await until(lambda: (told := listener.newest("/availability")) and told.payload == "online", 30)
            assert listener.newest("/identity").json["will"] == {"topic": WILL["will_topic"], "payload": "offline"}
            shown = (await hass.states())[SOC]
            await until(lambda: rows(postgres, url), 30)

            await hass.kill()
            await until(lambda: (told := listener.newest("/status")) and told.payload == "offline", 30)
            # No goodbye: what is retained still says that the house is there, until its time is up.
            assert listener.newest("/availability").payload == "online"

        # Whoever comes later learns the same from what is retained.
        with operator(mosquitto.port, "acme/site-7/#") as late:
            await until(lambda: late.newest("/status") and late.newest("/availability") and len(late.of("/state")) >= 2)
            assert all(each.retained for each in late.heard)
            assert late.newest("/status").payload == "offline"
            for state in late.of("/state"):
                assert 0 < state.json["expires"] - time.time() < 200

    # What was committed before the kill is there, and is what was shown.
    assert shown["state"] in rows(postgres, url)


def rows(postgres: Postgres, url: str) -> list[str]:
    """Return the states of charge in the database, asked past Home Assistant."""
    question = (
        "SELECT states.state FROM states JOIN states_meta ON states.metadata_id = states_meta.metadata_id "
        "WHERE states_meta.entity_id = %s AND states.state NOT IN ('unknown', 'unavailable')"
    )
    return [state for (state,) in postgres.ask(question, SOC, database=url.rpartition("/")[2])]
