"""Core payloads that say odd things and have to be read all the same, because they must be answered."""

from __future__ import annotations

import pytest

from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.messages import (
    BootNotificationResponse,
    GetConfiguration,
    MeterValues,
    RemoteStartTransaction,
    StartTransaction,
    StopTransaction,
)

METER_VALUE = '[{"timestamp":"2024-01-01T00:00:00Z","sampledValue":[{"value":"1"}]}]'


@pytest.mark.parametrize(("connector_id", "meter_start"), [(0, -1), (99, -(2**31)), (1, 2**40)])
def test_an_implausible_start_is_read(connector_id: int, meter_start: int) -> None:
    """R-165."""
    raw = (
        f'{{"connectorId":{connector_id},"idTag":"","meterStart":{meter_start},'
        '"timestamp":"1970-01-01T00:00:00Z","reservationId":-5}'
    )

    start = PayloadDecoder(StartTransaction).strict(raw.encode())

    assert (start.connector_id, start.meter_start) == (connector_id, meter_start)


@pytest.mark.parametrize("transaction_id", [0, -1, 2**40])
def test_a_stop_of_no_known_transaction_is_read(transaction_id: int) -> None:
    """R-190."""
    raw = f'{{"transactionId":{transaction_id},"timestamp":"2024-01-01T00:00:00Z","meterStop":-7}}'

    stop = PayloadDecoder(StopTransaction).strict(raw.encode())

    assert (stop.transaction_id, stop.meter_stop) == (transaction_id, -7)


def test_meter_values_of_the_main_meter_and_of_an_unanswered_transaction_are_read() -> None:
    raw = f'{{"connectorId":0,"transactionId":-1,"meterValue":{METER_VALUE}}}'

    values = PayloadDecoder(MeterValues).strict(raw.encode())

    assert (values.connector_id, values.transaction_id) == (0, -1)


def test_a_remote_start_on_connector_0_is_read_so_that_it_can_be_rejected() -> None:
    request = PayloadDecoder(RemoteStartTransaction).strict(b'{"idTag":"042F","connectorId":0}')

    assert request.connector_id == 0


@pytest.mark.parametrize("interval", [0, -1])
def test_an_interval_that_leaves_the_choice_to_the_charge_point_is_read(interval: int) -> None:
    raw = f'{{"status":"Accepted","currentTime":"2024-01-01T00:00:00Z","interval":{interval}}}'

    assert PayloadDecoder(BootNotificationResponse).strict(raw.encode()).interval == interval


@pytest.mark.parametrize(("raw", "key"), [(b"{}", None), (b'{"key":[]}', ())])
def test_the_keys_to_get_may_be_absent_or_empty(raw: bytes, key: tuple[str, ...] | None) -> None:
    """R-292."""
    assert PayloadDecoder(GetConfiguration).strict(raw).key == key
