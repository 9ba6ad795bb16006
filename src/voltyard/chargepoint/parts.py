"""The parts of a charge point that is up, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from voltyard.chargepoint.amounts import measurable
from voltyard.chargepoint.authorization import Cache
from voltyard.chargepoint.authorizer import Authorizer
from voltyard.chargepoint.charging_profiles import ChargingProfiles
from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.complaints import Complaints
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.controller import Controller
from voltyard.chargepoint.diagnostics import Diagnostics
from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.firmware import Firmware
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.journal import Journal, open_journal
from voltyard.chargepoint.keys import OUTBOX_CAPACITY, Equipment, Key, table_of
from voltyard.chargepoint.local_list import LocalList
from voltyard.chargepoint.notices import Notices
from voltyard.chargepoint.noting import note_setting
from voltyard.chargepoint.orders import obeyed
from voltyard.chargepoint.outbox import Outbox
from voltyard.chargepoint.registration import Registration
from voltyard.chargepoint.reservations import Reservations
from voltyard.chargepoint.sampling import Sampling
from voltyard.chargepoint.smart_charging import SmartCharging
from voltyard.chargepoint.status import StatusReporter
from voltyard.chargepoint.store import MemoryStore, Store
from voltyard.chargepoint.surroundings import Spawn, Surroundings
from voltyard.chargepoint.transactions import Transactions
from voltyard.chargepoint.transfer import FileTransfer, InternetTransfer, SupportedOnly
from voltyard.chargepoint.uplink import CALL_TIMEOUT_S, StayConnected, Uplink
from voltyard.chargepoint.uploads import Uploading, Uploads
from voltyard.chargepoint.vacancy import Vacancy
from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.codec import Compliance
from voltyard.protocol.messages import (
    ChargePointErrorCode,
    DataTransferResponse,
    ResetType,
    StatusNotification,
)
from voltyard.transport.peer import FrameObserver

VendorHandler = Callable[[str | None], DataTransferResponse]
"""Answers a DataTransfer, given its `data`."""
Vendors = Mapping[str, Mapping[str | None, VendorHandler]]
"""Who answers DataTransfer: by vendorId, then by messageId (None for a message without one)."""


_LIGHT_KEYS: Final = ("LightIntensity", "BlinkRepeat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What a charge point is made of and keeps over its resets."""

    hardware: Hardware
    stay_connected: StayConnected
    store: Store
    clock: StationClock
    journal: Journal | None = None
    transfer: FileTransfer = field(default_factory=InternetTransfer)
    directory: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    absent_keys: Collection[str] = ()
    own_keys: Sequence[Key] = ()
    vendors: Vendors = field(default_factory=dict)
    compliance: Compliance = Compliance.TOLERANT
    observer: FrameObserver | None = None
    complaints: Complaints = field(default_factory=Complaints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What there is between a boot and the next one.

    `spawn` runs something until then, `restart` brings it about.
    """

    hardware: Hardware
    clock: StationClock
    configuration: Configuration
    cache: Cache
    local_list: LocalList
    outbox: Outbox
    transactions: Transactions
    registration: Registration
    uplink: Uplink
    authorizer: Authorizer
    sampling: Sampling
    status: StatusReporter
    controller: Controller
    sessions: Sequence[ConnectorSession]
    smart_charging: SmartCharging
    reservations: Reservations
    journal: Journal
    notices: Notices
    vacancy: Vacancy
    firmware: Firmware
    uploads: Uploads
    vendors: Vendors
    spawn: Spawn
    restart: Callable[[ResetType], None]

    def session(self, connector_id: int) -> ConnectorSession:
        """Return the session of a connector; raises `UnknownConnector`, for 0 too."""
        if not 1 <= connector_id <= len(self.sessions):
            raise UnknownConnector(connector_id)
        return self.sessions[connector_id - 1]


def assemble(
    installation: Installation,
    *,
    spawn: Spawn,
    report: Callable[[StatusNotification], None],
    restart: Callable[[ResetType], None],
) -> Parts:
    """Put a charge point together from what its store remembers."""
    # Long, but a mere list: cut into pieces, each would need what all the others made.
    hardware, store, clock = installation.hardware, installation.store, installation.clock
    journal = installation.journal or open_journal(clock.now)

    def set_to(name: str) -> None:
        note_setting(journal, configuration, name)
        _follow(hardware, configuration, name)

    configuration = configuration_of(installation, follow=set_to)
    _shine(hardware, configuration)
    outbox = Outbox(store, configuration.integer(OUTBOX_CAPACITY.name))
    transactions = Transactions(
        store, outbox, max_meter_values=configuration.integer("StopTransactionMaxMeterValues")
    )
    registration = Registration(store, configuration, clock)
    uplink = Uplink(
        clock,
        compliance=installation.compliance,
        observer=installation.observer,
        timeout_s=lambda: configuration.integer("MessageTimeout") or CALL_TIMEOUT_S,
        complaints=installation.complaints,
    )
    cache = Cache(store, capacity=configuration.integer("AuthorizationCacheCapacity"))
    local_list = LocalList(store, cache, configuration)
    sampling = Sampling(transactions, configuration, clock)
    connector_ids = range(1, len(hardware.connectors) + 1)
    controller = Controller(store, connector_ids, clock, report)
    # Sessions tell of their demand and are told their limits: one has to be there before the other.
    sessions: list[ConnectorSession] = []
    # Without the feature profile nothing that was installed once binds: nobody could clear it.
    has_profiles = configuration.supports(FeatureProfile.SMART_CHARGING)
    profiles = ChargingProfiles(store if has_profiles else MemoryStore())
    smart_charging = SmartCharging(profiles, configuration, hardware, sessions, clock, spawn)
    vacancy = Vacancy(sessions, controller)

    def demand_changed() -> None:
        smart_charging.balance()
        vacancy.follow()

    surroundings = Surroundings(
        configuration=configuration,
        transactions=transactions,
        clock=clock,
        spawn=spawn,
        report=report,
        demand_changed=demand_changed,
        sampling=sampling,
    )
    sessions += [
        ConnectorSession(
            connector_id, connector, surroundings, is_operative=controller.is_operative(connector_id)
        )
        for connector_id, connector in enumerate(hardware.connectors, 1)
    ]
    notices = Notices(store)
    transfer = _transfer_of(installation, configuration)
    return Parts(
        hardware=hardware,
        clock=clock,
        configuration=configuration,
        cache=cache,
        local_list=local_list,
        outbox=outbox,
        transactions=transactions,
        registration=registration,
        uplink=uplink,
        authorizer=Authorizer(
            configuration,
            local_list,
            cache,
            clock,
            registration,
            uplink,
            conflict=lambda: controller.warn(ChargePointErrorCode.LOCAL_LIST_CONFLICT),
        ),
        sampling=sampling,
        status=StatusReporter(configuration, clock),
        controller=controller,
        sessions=sessions,
        smart_charging=smart_charging,
        reservations=Reservations(
            store if configuration.supports(FeatureProfile.RESERVATION) else MemoryStore(),
            configuration,
            clock,
            controller,
            sessions,
            spawn,
        ),
        journal=journal,
        notices=notices,
        vacancy=vacancy,
        firmware=Firmware(
            store,
            notices,
            journal,
            clock,
            hardware,
            transfer,
            vacancy,
            spawn=spawn,
            restart=restart,
            directory=installation.directory,
        ),
        uploads=Uploads(
            Diagnostics(journal, configuration, hardware, clock.now),
            Uploading(store, notices, journal, clock, transfer, spawn),
        ),
        vendors=installation.vendors,
        spawn=spawn,
        restart=restart,
    )


def _transfer_of(installation: Installation, configuration: Configuration) -> FileTransfer:
    """Return what transfers by the protocols the charge point supports: without the key by all."""
    key = "SupportedFileTransferProtocols"
    if not configuration.has(key):
        return installation.transfer
    return SupportedOnly(installation.transfer, configuration.items(key))


def configuration_of(
    installation: Installation, *, follow: Callable[[str], None] = lambda name: None
) -> Configuration:
    """Return the configuration of a charge point as its store has it; raises `ValueError`.

    `follow` is told the name of each key that is set from now on.
    """
    table = table_of(
        _equipment_of(installation.hardware),
        installation.settings,
        absent=installation.absent_keys,
        own=installation.own_keys,
    )
    return Configuration(installation.store, table, follow=follow)


def _follow(hardware: Hardware, configuration: Configuration, name: str) -> None:
    if name in _LIGHT_KEYS:
        _shine(hardware, configuration)


def _shine(hardware: Hardware, configuration: Configuration) -> None:
    intensity_percent, blink_repeat = map(configuration.integer, _LIGHT_KEYS)
    obeyed(lambda: hardware.shine(intensity_percent, blink_repeat))


def _equipment_of(hardware: Hardware) -> Equipment:
    connectors = hardware.connectors
    everywhere = frozenset.intersection(*(connector.measurands for connector in connectors))
    main_meter = hardware.main_meter
    return Equipment(
        connectors=len(connectors),
        measurands=measurable(everywhere if main_meter is None else everywhere | main_meter.measurands),
        has_fixed_cables=not all(connector.has_lock for connector in connectors),
    )
