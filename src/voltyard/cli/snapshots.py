"""What charge points look like: rows of a table for a terminal, lines of text for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table

from voltyard.chargepoint import ConnectorSnapshot, StationSnapshot
from voltyard.protocol.messages import ChargePointErrorCode

Station = tuple[str, StationSnapshot | None]
"""An identity, and what the charge point looks like; None while it is not up."""

_COLOURS = {
    "Available": "green",
    "Preparing": "yellow",
    "Charging": "bold cyan",
    "SuspendedEV": "cyan",
    "SuspendedEVSE": "cyan",
    "Finishing": "yellow",
    "Faulted": "bold red",
    "Unavailable": "red",
}


def station_table(stations: Iterable[Station]) -> Table:
    """Return a table with a row for each connector."""
    table = plain_table()
    for heading in ("charge point", "online", "connector", "status", "tag", "transaction"):
        table.add_column(heading, no_wrap=True)
    for heading in ("kW", "kWh", "SoC"):
        table.add_column(heading, justify="right", no_wrap=True)
    for identity, snapshot in stations:
        for row in _rows(identity, snapshot):
            table.add_row(*row)
    return table


def plain_table() -> Table:
    """Return an empty table without a frame: more rows fit on the screen."""
    return Table(box=SIMPLE_HEAD, show_edge=False)


def station_line(identity: str, snapshot: StationSnapshot | None) -> str:
    """Return a charge point as one line of text."""
    if snapshot is None:
        return f"{identity} down"
    parts = [f"{identity} {_online(snapshot)}"]
    parts += [_connector_text(connector) for connector in snapshot.connectors]
    if snapshot.undelivered:
        parts.append(f"{snapshot.undelivered} undelivered")
    return " | ".join(parts)


def milestones(snapshot: StationSnapshot | None) -> tuple[object, ...]:
    """Return what is worth a new line when it changes: states and transactions, not measured values."""
    if snapshot is None:
        return ()
    connectors = tuple((c.status, c.error_code, c.id_tag, c.transaction_id) for c in snapshot.connectors)
    return (snapshot.is_connected, snapshot.registration, snapshot.status, connectors)


def total_power_kw(stations: Iterable[Station]) -> float:
    """Return what all charge points draw together."""
    return sum(connector.power_w or 0.0 for connector in _connectors(stations)) / 1000


def count_charging(stations: Iterable[Station]) -> int:
    """Return how many connectors have a transaction in progress."""
    return sum(connector.energy_wh is not None for connector in _connectors(stations))


def count_connected(stations: Iterable[Station]) -> int:
    """Return how many charge points are connected."""
    return sum(snapshot is not None and snapshot.is_connected for _, snapshot in stations)


def _connectors(stations: Iterable[Station]) -> Iterator[ConnectorSnapshot]:
    for _, snapshot in stations:
        if snapshot is not None:
            yield from snapshot.connectors


def _rows(identity: str, snapshot: StationSnapshot | None) -> Iterator[tuple[str, ...]]:
    if snapshot is None:
        yield (identity, "down")
        return
    for number, connector in enumerate(snapshot.connectors):
        name = (identity, _online(snapshot)) if number == 0 else ("", "")
        yield (*name, *_cells(connector))


def _cells(connector: ConnectorSnapshot) -> tuple[str, ...]:
    status = connector.status.value
    return (
        str(connector.connector_id),
        f"[{_COLOURS.get(status, 'default')}]{f'{status} {_error(connector)}'.rstrip()}[/]",
        connector.id_tag or "",
        _transaction(connector),
        _number(_power_w(connector), 1000, 1),
        _number(connector.energy_wh, 1000, 2),
        _number(connector.soc_percent, 1, 0, " %"),
    )


def _connector_text(connector: ConnectorSnapshot) -> str:
    words = [
        f"{connector.connector_id} {connector.status.value}",
        _error(connector),
        connector.id_tag,
        _transaction(connector) and f"transaction {_transaction(connector)}",
        _number(_power_w(connector), 1000, 1, " kW"),
        _number(connector.energy_wh, 1000, 2, " kWh"),
        _number(connector.soc_percent, 1, 0, " %"),
    ]
    return ", ".join(word for word in words if word)


def _error(connector: ConnectorSnapshot) -> str:
    is_well = connector.error_code is ChargePointErrorCode.NO_ERROR
    return "" if is_well else connector.error_code.value


def _transaction(connector: ConnectorSnapshot) -> str:
    if connector.transaction_id is not None:
        return str(connector.transaction_id)
    return "" if connector.energy_wh is None else "?"  # begun, but the central system has not answered yet


def _power_w(connector: ConnectorSnapshot) -> float | None:
    return None if connector.energy_wh is None else connector.power_w


def _online(snapshot: StationSnapshot) -> str:
    if not snapshot.is_connected:
        return "offline"
    return "connected" if snapshot.registration is None else snapshot.registration.value.lower()


def _number(value: float | None, divisor: int, digits: int, unit: str = "") -> str:
    return "" if value is None else f"{value / divisor:.{digits}f}{unit}"
