"""Charge points as operators see and change them."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import UNSET, Raw, Struct, structs

from voltyard.central.credentials import PasswordRefused, check_password, hash_password
from voltyard.central.gateway.gateway import Gateway
from voltyard.central.gateway.session import Session
from voltyard.central.instants import now_us
from voltyard.central.operations.cursors import TEXT, Listed, Span, listed
from voltyard.central.operations.requests import ChargePointChanges, NewChargePoint
from voltyard.central.operations.views import Timestamp, document, optional_timestamp, timestamp
from voltyard.central.services.errors import NotFound, Unacceptable
from voltyard.central.services.provisioning import (
    Changed,
    Wish,
    change_charge_point,
    check_identity,
    create_charge_point,
    delete_charge_point,
    is_identity,
)
from voltyard.central.services.records import ChargePoint, ConnectorReport
from voltyard.central.settings import OcppSettings
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.queries.charge_points import KnownChargePoint, charge_point, charge_point_page
from voltyard.central.storage.readers import Readers

_POLICY_VIOLATION = 1008


class ConnectorView(Struct, frozen=True, kw_only=True):
    """What is known of a connector; 0 is the charge point itself.

    A connector that has a running transaction and never reported a status has none.
    """

    connector_id: int
    status: str | None
    error_code: str | None
    transaction_id: int | None
    info: str | None
    vendor_id: str | None
    vendor_error_code: str | None
    reported_at: Timestamp | None
    received_at: Timestamp | None


class ChargePointView(Struct, frozen=True, kw_only=True):
    """A charge point: its settings, what it said of itself, and whether it is connected.

    `deviations` counts how often it broke the specification; `warnings` are sentences for people.
    """

    identity: str
    security_profile: int
    compliance: str
    registration: str
    heartbeat_interval_s: int | None
    assume_ocpp16: bool
    connected: bool
    connected_at: Timestamp | None
    last_seen: Timestamp | None
    accepted_at: Timestamp | None
    booted_at: Timestamp | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    boot_notification: Raw | None
    created_at: Timestamp
    deviations: int
    warnings: list[str]
    connectors: list[ConnectorView]


class ChargePointOperations:
    """Creates, shows, changes and deletes charge points."""

    def __init__(self, settings: OcppSettings, ledger: Ledger, readers: Readers, gateway: Gateway) -> None:
        self._settings = settings
        self._ledger = ledger
        self._readers = readers
        self._gateway = gateway

    async def create(self, new: NewChargePoint) -> ChargePointView:
        """Let a charge point connect."""
        check_identity(new.identity)
        wish = Wish(
            identity=new.identity,
            password_hash=None if new.password is None else await _hashed(new.password),
            security_profile=new.security_profile,
            compliance=new.compliance or self._settings.compliance,
            registration=new.registration,
            heartbeat_interval_s=new.heartbeat_interval_s,
            assume_ocpp16=new.assume_ocpp16,
        )
        await self._ledger.run(create_charge_point, wish, now_us())
        return await self.get(new.identity)

    async def get(self, identity: str) -> ChargePointView:
        """Return one."""
        return self._view(await self._readers.run(charge_point, require_identity(identity)))

    async def page(self, span: Span) -> Listed[ChargePointView]:
        """Return a page, by identity."""
        page = await self._readers.run(charge_point_page, span.after(TEXT), span.limit)
        return listed(page.map(self._view))

    async def change(self, identity: str, wanted: ChargePointChanges) -> ChargePointView:
        """Change settings; credentials and registration that changed end a live connection."""
        changes: dict[str, Any] = {
            name: value for name, value in structs.asdict(wanted).items() if value is not UNSET
        }
        if "password" in changes:
            password = changes.pop("password")
            changes["password_hash"] = None if password is None else await _hashed(password)
        if "assume_ocpp16" in changes:
            changes["assume_ocpp16"] = int(changes["assume_ocpp16"])
        changed = await self._ledger.run(change_charge_point, require_identity(identity), changes, now_us())
        self._gateway.renew(changed.after)
        session = self._gateway.stations.get(changed.after.id)
        if session is not None and _needs_new_connection(changed):
            session.close(_POLICY_VIOLATION, "settings changed")
        return await self.get(identity)

    async def delete(self, identity: str) -> None:
        """Let a charge point connect no more; its transactions stay."""
        gone = await self._ledger.run(delete_charge_point, require_identity(identity), now_us())
        self._gateway.renew(gone)

    def _view(self, known: KnownChargePoint) -> ChargePointView:
        record = known.record
        session = self._gateway.stations.get(record.id)
        return ChargePointView(
            identity=record.identity,
            security_profile=record.security_profile,
            compliance=record.compliance,
            registration=record.registration,
            heartbeat_interval_s=record.heartbeat_interval_s,
            assume_ocpp16=bool(record.assume_ocpp16),
            connected=session is not None,
            connected_at=None if session is None else timestamp(session.connected_at_us),
            last_seen=optional_timestamp(_last_seen_us(record, session)),
            accepted_at=optional_timestamp(record.accepted_at_us),
            booted_at=optional_timestamp(record.booted_at_us),
            vendor=record.vendor,
            model=record.model,
            serial_number=record.serial_number,
            firmware_version=record.firmware_version,
            boot_notification=None
            if record.boot_notification is None
            else document(record.boot_notification),
            created_at=timestamp(record.created_at_us),
            deviations=known.deviations,
            warnings=self._warnings(record),
            connectors=_connectors(known),
        )

    def _warnings(self, record: ChargePoint) -> list[str]:
        # Such a charge point may be set up, since settings can change; its connections are what is refused.
        match record.security_profile:
            case 0 if not self._settings.allow_unauthenticated:
                return ["security profile 0: connections are refused while ocpp.allow_unauthenticated is off"]
            case 2 | 3:
                return [f"security profile {record.security_profile}: connections without TLS are refused"]
        return []


def require_identity(identity: str) -> str:
    """Return a name that a charge point can have; for any other one there is none (`NotFound`)."""
    if not is_identity(identity):
        raise NotFound("no charge point can have this identity")
    return identity


async def _hashed(password: str) -> str:
    try:
        check_password(password)
    except PasswordRefused as error:
        raise Unacceptable(str(error), field="password") from error
    return await asyncio.to_thread(hash_password, password)


def _needs_new_connection(changed: Changed) -> bool:
    before, after = changed
    return (
        before.password_hash != after.password_hash
        or before.security_profile != after.security_profile
        or before.registration != after.registration
    )


def _last_seen_us(record: ChargePoint, session: Session | None) -> int | None:
    # What is stored lags behind: presence is flushed lazily.
    stored = record.last_seen_us or 0
    return max(stored, 0 if session is None else session.last_seen_us) or None


def _connectors(known: KnownChargePoint) -> list[ConnectorView]:
    reports = {report.connector_id: report for report in known.reports}
    return [
        _connector(id, reports.get(id), known.running.get(id)) for id in sorted({*reports, *known.running})
    ]


def _connector(id: int, report: ConnectorReport | None, transaction_id: int | None) -> ConnectorView:
    return ConnectorView(
        connector_id=id,
        status=None if report is None else report.status,
        error_code=None if report is None else report.error_code,
        transaction_id=transaction_id,
        info=None if report is None else report.text,
        vendor_id=None if report is None else report.vendor_id,
        vendor_error_code=None if report is None else report.vendor_error_code,
        reported_at=None if report is None else timestamp(report.reported_at_us),
        received_at=None if report is None else timestamp(report.received_at_us),
    )
