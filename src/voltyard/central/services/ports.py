"""What services need of storage: a unit of work, and the stores bound to it.

A service function takes a `UnitOfWork` first. It has no effects but its writes and the events it publishes,
since it may run twice: when the batch that it was part of fails, it is replayed alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from voltyard.central.services.events import Event
from voltyard.central.services.records import (
    ApiKey,
    ChargePoint,
    Command,
    ConnectorReport,
    IdTag,
    MeterRow,
    Stop,
    Transaction,
)
from voltyard.protocol.codec import Deviation


class ChargePoints(Protocol):
    """The charge points that are known."""

    def add(self, charge_point: ChargePoint) -> int:
        """Store a new one (its `id` is not looked at) and return its id."""

    def get(self, id: int) -> ChargePoint | None:
        """Return the one with this id."""

    def find(self, identity: str) -> ChargePoint | None:
        """Return the one of this identity, deleted ones too."""

    def set(self, id: int, **values: object) -> None:
        """Change some fields."""

    def seen(self, id: int, at_us: int) -> None:
        """Note when it was last heard of."""


class Connectors(Protocol):
    """The newest status of each connector."""

    def report(self, report: ConnectorReport) -> None:
        """Store a report unless a newer one is there."""

    def forget(self, charge_point_id: int) -> None:
        """Drop the reports of a charge point."""


class IdTags(Protocol):
    """The tags that are known."""

    def get(self, id_tag: str) -> IdTag | None:
        """Return a tag; letter case does not matter (OCPP 1.6 §2.2)."""

    def put(self, tag: IdTag) -> None:
        """Store a tag, in place of an earlier one."""

    def remove(self, id_tag: str) -> bool:
        """Forget a tag and say whether it was there."""


class Transactions(Protocol):
    """The transactions, and the stops that are not theirs."""

    def issue_id(self) -> tuple[int, int]:
        """Return the number and the id of a new transaction; neither is ever issued again, 1..2^31-1."""

    def reserve_ids(self, count: int) -> Iterator[tuple[int, int]]:
        """Yield as many numbers with their ids as asked for; they may be taken when the work is long done."""

    def add(self, transaction: Transaction) -> None:
        """Store a new transaction."""

    def find_start(
        self, charge_point_id: int, connector_id: int, started_at_us: int, id_tag_key: str, meter_start: int
    ) -> Transaction | None:
        """Return the transaction that began with this very StartTransaction."""

    def get(self, charge_point_id: int, id: int) -> Transaction | None:
        """Return a transaction of this charge point, also by an alias; never another one's."""

    def add_alias(self, charge_point_id: int, alias_id: int, id: int, told_at_us: int) -> None:
        """Note that a charge point was told this id for a transaction which has another one."""

    def told_id(self, charge_point_id: int, id: int) -> int:
        """Return the id by which a charge point knows a transaction: the one that it was told last."""

    def number_of(self, charge_point_id: int, id: int) -> int:
        """Return the number of a transaction of this charge point, 0 if it has none of this id."""

    def latest_at(self, charge_point_id: int, connector_id: int, at_us: int) -> Transaction | None:
        """Return the transaction that began last on a connector, up to an instant."""

    def next_start_us(self, charge_point_id: int, connector_id: int, after_us: int) -> int | None:
        """Return when the first transaction on a connector after an instant began."""

    def running(self, charge_point_id: int) -> list[Transaction]:
        """Return what runs at a charge point, oldest first."""

    def count_active(self, id_tag_key: str, *, but: int) -> int:
        """Return how many transactions of a tag run, but the one with id `but` and those without a stop."""

    def set(self, id: int, **values: object) -> None:
        """Change some fields."""

    def add_stop(self, stop: Stop) -> bool:
        """Keep a stop that ended nothing; False if this very stop is there."""

    def unlinked_stops(self, charge_point_id: int) -> list[Stop]:
        """Return the stops of a charge point that belong to no transaction yet, oldest first."""

    def linked_to(self, stop: Stop) -> int | None:
        """Return the id of the transaction that this very stop was found to belong to."""

    def link_stop(self, stop: Stop, transaction_id: int) -> None:
        """Note which transaction a stop belongs to."""


class MeterValues(Protocol):
    """The meter values; the same value of the same sender is stored once."""

    def add(self, row: MeterRow) -> None:
        """Store a meter value."""

    def unlinked(
        self, charge_point_id: int, transaction_number: int, connector_id: int, from_us: int, to_us: int
    ) -> list[tuple[int, int]]:
        """Return the row id and the sent transaction id of values of a time that named a transaction.

        Number 0 has those of none that we knew.
        """

    def came_with(self, stop: Stop) -> list[int]:
        """Return the row ids of the values of an unlinked stop, which have no connector."""

    def link(self, row_id: int, transaction_number: int, connector_id: int) -> None:
        """Note which transaction a value belongs to."""


class Commands(Protocol):
    """The CALLs that operators asked for."""

    def add(self, command: Command) -> None:
        """Queue a new one."""

    def get(self, id: str) -> Command | None:
        """Return one."""

    def next_queued(self, charge_point_id: int) -> Command | None:
        """Return the oldest that waits to be sent."""

    def set(self, id: str, **values: object) -> None:
        """Change some fields."""

    def interrupted(self) -> list[Command]:
        """Return those that were sent and have no end."""

    def expired(self, at_us: int) -> list[Command]:
        """Return those still queued after their time."""

    def awaiting_start(self, charge_point_id: int, since_us: int) -> list[Command]:
        """Return accepted RemoteStartTransactions that led to no transaction yet, oldest first."""


class Evidence(Protocol):
    """What is kept beside the business: deviations, quarantine, reports of charge points."""

    def deviation(self, charge_point_id: int, action: str, deviation: Deviation, at_us: int) -> None:
        """Count a deviation from the specification."""

    def quarantine(
        self, charge_point_id: int, action: str, error_code: str, reason: str, frame: str, at_us: int
    ) -> None:
        """Keep raw what was refused."""

    def status_report(
        self, charge_point_id: int, action: str, status: str, request_id: int | None, at_us: int
    ) -> None:
        """Keep a status of a file transfer or an installation."""

    def security_event(
        self,
        charge_point_id: int | None,
        origin: str,
        type: str,
        at_us: int,
        tech_info: str | None,
        received_at_us: int,
    ) -> None:
        """Keep a security event, once."""

    def certificate_request(self, charge_point_id: int, csr: str, answer: str, at_us: int) -> None:
        """Keep a certificate signing request and how it was answered."""

    def data_transfer(
        self,
        charge_point_id: int,
        vendor_id: str,
        message_id: str | None,
        payload: str | None,
        status: str,
        at_us: int,
    ) -> None:
        """Keep a DataTransfer and how it was answered."""


class ApiKeys(Protocol):
    """The keys of the API."""

    def add(self, key: ApiKey) -> ApiKey:
        """Store a new key and return it with its id."""

    def remove(self, id: int) -> bool:
        """Remove a key and say whether it was there."""

    def remove_expired(self, at_us: int) -> None:
        """Remove the keys whose time is over."""


class UnitOfWork(Protocol):
    """Everything that one atomic piece of work may touch."""

    @property
    def charge_points(self) -> ChargePoints:
        """Charge points."""

    @property
    def connectors(self) -> Connectors:
        """Connector reports."""

    @property
    def id_tags(self) -> IdTags:
        """Tags."""

    @property
    def transactions(self) -> Transactions:
        """Transactions and stops."""

    @property
    def meter_values(self) -> MeterValues:
        """Meter values."""

    @property
    def commands(self) -> Commands:
        """Commands."""

    @property
    def evidence(self) -> Evidence:
        """Deviations, quarantine, reports."""

    @property
    def api_keys(self) -> ApiKeys:
        """Keys of the API."""

    def publish(self, event: Event) -> None:
        """Tell listeners once this work is durable."""
