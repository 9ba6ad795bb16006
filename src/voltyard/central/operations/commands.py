"""Commands to charge points: asked for, waited for, taken back."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import suppress

from voltyard.central.bus import Bus
from voltyard.central.gateway.dispatcher import Dispatcher
from voltyard.central.instants import now_us
from voltyard.central.operations.charge_points import require_identity
from voltyard.central.operations.cursors import NUMBER_AND_TEXT, Listed, Span, listed
from voltyard.central.operations.views import CommandView, view_command
from voltyard.central.services.commands import cancel_command, create_command, read_command
from voltyard.central.services.errors import NotFound
from voltyard.central.services.events import Event
from voltyard.central.services.records import CommandStatus
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.queries.commands import command, command_page
from voltyard.central.storage.readers import Readers

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNENDED = frozenset({CommandStatus.QUEUED, CommandStatus.SENT})


class CommandOperations:
    """Creates, shows and cancels commands; `ended` counts how commands ended since the start, by status."""

    def __init__(
        self, expire_after_s: int, ledger: Ledger, readers: Readers, dispatcher: Dispatcher, bus: Bus
    ) -> None:
        self._expire_after_s = expire_after_s
        self._ledger = ledger
        self._readers = readers
        self._dispatcher = dispatcher
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self.ended: Counter[str] = Counter()
        bus.listen(self._note)

    @property
    def waited_for(self) -> int:
        """For how many commands somebody waits."""
        return len(self._waiting)

    async def create(
        self, identity: str, action: str, payload: bytes, *, expire_after_s: int | None, wait_s: float = 0
    ) -> CommandView:
        """Queue a CALL with that very JSON as payload and return it, when it has ended or after `wait_s`."""
        request = read_command(action, payload)
        created = await self._ledger.run(
            create_command,
            require_identity(identity),
            request,
            payload.decode(),
            (self._expire_after_s if expire_after_s is None else expire_after_s) * 1_000_000,
            now_us(),
        )
        self._dispatcher.wake(created.charge_point_id)
        return await self.get(created.id, wait_s=wait_s)

    async def get(self, id: str, *, wait_s: float = 0) -> CommandView:
        """Return a command, when it has ended or after `wait_s`."""
        if not _ID.fullmatch(id):
            raise NotFound("no such command")
        if wait_s <= 0:
            return view_command(await self._readers.run(command, id))
        ended = asyncio.Event()
        self._waiting.setdefault(id, set()).add(ended)
        try:
            found = await self._readers.run(command, id)
            if found.record.status in _UNENDED:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await ended.wait()
                found = await self._readers.run(command, id)
            return view_command(found)
        finally:
            self._stop_waiting(id, ended)

    async def page(self, identity: str, span: Span) -> Listed[CommandView]:
        """Return a page of the commands of a charge point, newest first."""
        after = span.after(NUMBER_AND_TEXT)
        page = await self._readers.run(command_page, require_identity(identity), after, span.limit)
        return listed(page.map(view_command))

    async def cancel(self, id: str) -> CommandView:
        """Take back a command that has not been sent."""
        if not _ID.fullmatch(id):
            raise NotFound("no such command")
        await self._ledger.run(cancel_command, id, now_us())
        return await self.get(id)

    def close(self) -> None:
        """Let nobody wait any longer."""
        for waiters in self._waiting.values():
            for ended in waiters:
                ended.set()

    def _note(self, event: Event) -> None:
        if event.kind != "command.changed" or event.details["status"] in _UNENDED:
            return
        self.ended[event.details["status"]] += 1
        for ended in self._waiting.get(event.details["id"], ()):
            ended.set()

    def _stop_waiting(self, id: str, ended: asyncio.Event) -> None:
        waiters = self._waiting[id]
        waiters.discard(ended)
        if not waiters:
            del self._waiting[id]
