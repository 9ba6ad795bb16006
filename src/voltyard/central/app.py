"""The composition root of the central system: the only place that knows all of its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import structlog

from voltyard.central.api.server import ApiServer
from voltyard.central.bus import Bus
from voltyard.central.credentials import Role
from voltyard.central.gateway.backlog import Backlog
from voltyard.central.gateway.gateway import Gateway
from voltyard.central.gateway.handlers import VendorHandler
from voltyard.central.instants import now_us
from voltyard.central.maintenance import expire_commands, keep_messages
from voltyard.central.operations import Operations
from voltyard.central.services.commands import end_interrupted
from voltyard.central.settings import Settings
from voltyard.central.storage.access import count_api_keys, create_api_key
from voltyard.central.storage.database import Database, open_database
from voltyard.central.storage.finding import find_charge_point, find_tag
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.readers import Readers
from voltyard.transport.handshake import Admission, Handshake, Refusal

_log = structlog.get_logger()


class CentralSystem:
    """A running central system; use it with `async with`.

    `vendors` answers DataTransfer of charge points, by vendorId. Entering raises `DatabaseTrouble` when the
    database cannot be used and `OSError` when an address cannot be listened on; nothing is left running then.
    """

    def __init__(self, settings: Settings, vendors: Mapping[str, VendorHandler] | None = None) -> None:
        self._settings = settings
        self._vendors = dict(vendors or {})
        self._stack = AsyncExitStack()
        self._gateway: Gateway | None = None
        self._api: ApiServer | None = None
        self.first_api_key: str | None = None

    @property
    def ocpp_url(self) -> str:
        """Where charge points connect to; their identity comes after it."""
        assert self._gateway is not None, "the central system is not running"
        return self._gateway.url

    @property
    def api_url(self) -> str:
        """The root of the REST API."""
        assert self._api is not None, "the central system is not running"
        return self._api.url

    @property
    def operations(self) -> Operations:
        """What the REST API can do, for the program around it."""
        assert self._api is not None, "the central system is not running"
        return self._api.operations

    async def admit(self, handshake: Handshake) -> Admission | Refusal:
        """Decide about a charge point of this process that needs no socket, as by `transport.memory`."""
        assert self._gateway is not None, "the central system is not running"
        return await self._gateway.admit(handshake)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        database = await asyncio.to_thread(self._open_database)
        stack.callback(database.close)
        bus = Bus()
        readers = Readers(database)
        stack.callback(readers.close)
        ledger = Ledger(database, bus.publish)
        stack.push_async_callback(ledger.close)
        interrupted = await ledger.run(end_interrupted, now_us())
        if interrupted:
            _log.warning("commands were under way when the program ended", commands=interrupted)

        backlog = await Backlog.open(settings.data_dir / "spool")
        stack.push_async_callback(backlog.close)
        gateway = Gateway(
            settings.ocpp,
            ledger,
            bus,
            lambda identity: readers.run(find_charge_point, identity),
            lambda id_tag: readers.run(find_tag, id_tag),
            self._vendors,
            backlog,
        )
        await gateway.open()
        stack.push_async_callback(gateway.close)
        operations = Operations(settings, ledger, readers, gateway, bus)
        api = ApiServer(settings.api, operations)
        await api.open()
        stack.push_async_callback(api.close)
        stack.callback(bus.close)
        for endless in (
            expire_commands(ledger),
            keep_messages(ledger, settings.messages.retention_days),
        ):
            stack.callback(asyncio.create_task(endless).cancel)
        self._gateway, self._api = gateway, api

    def _open_database(self) -> Database:
        self._settings.data_dir.mkdir(parents=True, exist_ok=True)
        database = open_database(self._settings.database.reveal(), exclusive=True)
        if count_api_keys(database) == 0:
            self.first_api_key = create_api_key(database, Role.ADMIN, "first").reveal()
        return database
