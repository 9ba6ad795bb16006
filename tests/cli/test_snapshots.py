"""What charge points look like in tables and lines."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from voltyard.chargepoint import ConnectorSnapshot, StationSnapshot
from voltyard.cli.snapshots import (
    count_charging,
    count_connected,
    milestones,
    station_line,
    station_table,
    total_power_kw,
)
from voltyard.protocol.messages import ChargePointErrorCode, ChargePointStatus, RegistrationStatus

FREE = ConnectorSnapshot(
    connector_id=2,
    status=ChargePointStatus.AVAILABLE,
    error_code=ChargePointErrorCode.NO_ERROR,
    id_tag=None,
    transaction_id=None,
    energy_wh=None,
    power_w=0.0,
    soc_percent=None,
    register_wh=5,
)
CHARGING = replace(
    FREE,
    connector_id=1,
    status=ChargePointStatus.CHARGING,
    id_tag="VOLT0001",
    transaction_id=4711,
    energy_wh=3210,
    power_w=11040.0,
    soc_percent=45.4,
)
STATION = StationSnapshot(
    is_connected=True,
    registration=RegistrationStatus.ACCEPTED,
    status=ChargePointStatus.AVAILABLE,
    undelivered=0,
    dropped=0,
    local_list_version=0,
    reservations=(),
    complaints={},
    connectors=(CHARGING, FREE),
)


def test_a_line_tells_what_each_connector_does() -> None:
    assert station_line("CP-1", STATION) == (
        "CP-1 accepted | 1 Charging, VOLT0001, transaction 4711, 11.0 kW, 3.21 kWh, 45 % | 2 Available"
    )


def test_a_line_tells_what_cannot_be_delivered() -> None:
    offline = replace(
        STATION,
        is_connected=False,
        undelivered=3,
        connectors=(replace(CHARGING, transaction_id=None),),
    )

    assert station_line("CP-1", offline) == (
        "CP-1 offline | 1 Charging, VOLT0001, transaction ?, 11.0 kW, 3.21 kWh, 45 % | 3 undelivered"
    )


def test_what_is_broken_is_told() -> None:
    faulted = replace(FREE, status=ChargePointStatus.FAULTED, error_code=ChargePointErrorCode.GROUND_FAILURE)
    screen = io.StringIO()

    Console(file=screen, width=120).print(station_table([("CP-1", replace(STATION, connectors=(faulted,)))]))

    assert station_line("CP-1", replace(STATION, connectors=(faulted,))).endswith("2 Faulted, GroundFailure")
    assert "Faulted GroundFailure" in screen.getvalue()


def test_a_charge_point_that_is_not_up_has_a_line_too() -> None:
    assert station_line("CP-1", None) == "CP-1 down"


def test_a_connection_without_a_registration_is_told_from_one_with() -> None:
    assert station_line("CP-1", replace(STATION, registration=None, connectors=())) == "CP-1 connected"
    assert (
        station_line("CP-1", replace(STATION, registration=RegistrationStatus.PENDING, connectors=()))
        == "CP-1 pending"
    )


def test_the_table_has_a_row_for_each_connector() -> None:
    console = Console(file=io.StringIO(), width=120)

    console.print(station_table([("CP-1", STATION), ("CP-2", None)]))

    assert isinstance(console.file, io.StringIO)
    rows = [line.split() for line in console.file.getvalue().splitlines()]
    cells = [[word for word in row if word not in {"│", "┃"}] for row in rows]
    assert ["CP-1", "accepted", "1", "Charging", "VOLT0001", "4711", "11.0", "3.21", "45", "%"] in cells
    assert ["2", "Available"] in cells
    assert ["CP-2", "down"] in cells


def test_measured_values_are_no_milestones_but_states_are() -> None:
    measured = replace(
        STATION, connectors=(replace(CHARGING, power_w=1.0, energy_wh=9999, soc_percent=46), FREE)
    )
    finished = replace(STATION, connectors=(replace(CHARGING, status=ChargePointStatus.FINISHING), FREE))

    assert milestones(measured) == milestones(STATION)
    assert milestones(finished) != milestones(STATION)
    assert milestones(replace(STATION, is_connected=False)) != milestones(STATION)
    assert milestones(None) != milestones(STATION)


def test_totals_count_what_is_there() -> None:
    stations = [("CP-1", STATION), ("CP-2", replace(STATION, is_connected=False)), ("CP-3", None)]

    assert count_connected(stations) == 1
    assert count_charging(stations) == 2
    assert total_power_kw(stations) == 22.08
