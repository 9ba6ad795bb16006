"""Commands name a transaction as its charge point knows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import json
from tests.central.building import HOUR_US, NOON, NOON_US, Desk, charge_point, tag

from voltyard.central.services.commands import create_command, read_command
from voltyard.central.services.origin import Origin
from voltyard.central.services.transactions import Told, start_transaction
from voltyard.central.storage.database import Database
from voltyard.protocol.messages import StartTransaction

START = StartTransaction(connector_id=1, id_tag="042F", meter_start=0, timestamp=NOON)
TOLD = Told(number=77, id=123456, is_unverified=True)


@pytest.fixture
def desk(sqlite_database: Database) -> Iterator[Desk]:
    with Desk(sqlite_database) as desk:
        yield desk


@pytest.fixture
def origin(desk: Desk) -> Origin:
    return desk.add(tag("042F"), charge_point("CP1", accepted_at_us=1))


def sent(desk: Desk, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """What the charge point will get."""
    text = json.encode(payload)
    request = read_command(action, text)
    command = desk.do(create_command, "CP1", request, text.decode(), HOUR_US, NOON_US)
    return dict(json.decode(command.payload))


def tx_profile(transaction_id: int) -> dict[str, Any]:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "transactionId": transaction_id,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": schedule,
        },
    }


def test_a_transaction_that_has_no_alias_is_named_as_it_is(desk: Desk, origin: Origin) -> None:
    id = desk.do(start_transaction, origin, START, NOON_US).transaction_id

    assert sent(desk, "RemoteStopTransaction", {"transactionId": id}) == {"transactionId": id}
    assert sent(desk, "SetChargingProfile", tx_profile(id)) == tx_profile(id)


def test_a_transaction_is_named_by_the_id_that_the_charge_point_was_told(desk: Desk, origin: Origin) -> None:
    id = desk.do(start_transaction, origin, START, NOON_US).transaction_id
    desk.do(start_transaction, origin, START, NOON_US, TOLD)

    assert sent(desk, "RemoteStopTransaction", {"transactionId": id}) == {"transactionId": TOLD.id}
    assert sent(desk, "SetChargingProfile", tx_profile(id)) == tx_profile(TOLD.id)


def test_an_alias_may_be_given_by_the_operator_too(desk: Desk, origin: Origin) -> None:
    desk.do(start_transaction, origin, START, NOON_US)
    desk.do(start_transaction, origin, START, NOON_US, TOLD)

    assert sent(desk, "RemoteStopTransaction", {"transactionId": TOLD.id}) == {"transactionId": TOLD.id}


def test_other_commands_are_not_touched(desk: Desk, origin: Origin) -> None:
    assert sent(desk, "Reset", {"type": "Soft"}) == {"type": "Soft"}
    default = tx_profile(0)
    default["csChargingProfiles"]["chargingProfilePurpose"] = "TxDefaultProfile"
    del default["csChargingProfiles"]["transactionId"]
    assert sent(desk, "SetChargingProfile", default) == default
