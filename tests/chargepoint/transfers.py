"""File transfer as stories need it: files by location, and failures in line, in virtual time."""

from __future__ import annotations

import asyncio
import tarfile
from collections import deque
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from voltyard.chargepoint.transfer import Failure, TransferFailed


def unpack(archive: bytes) -> dict[str, bytes]:
    """Return the files in a diagnostics archive by name."""
    with tarfile.open(fileobj=BytesIO(archive)) as opened:
        found = {member.name: opened.extractfile(member) for member in opened.getmembers()}
        return {name: file.read() for name, file in found.items() if file is not None}


class Brought(NamedTuple):
    """A file as it was uploaded."""

    location: str
    file_name: str
    content: bytes
    resume: bool


class FakeTransfer:
    """Transfers take `takes_s`; the next ones fail as `failures` says, None being none.

    `started_s` says when each began, in seconds of the story; `cancelled` counts those that were stopped.
    """

    def __init__(self, files: dict[str, bytes] | None = None, *, takes_s: float = 5.0) -> None:
        self.files = files or {}
        self.takes_s = takes_s
        self.failures: deque[Failure | None] = deque()
        self.brought: list[Brought] = []
        self.started_s: list[float] = []
        self.cancelled = 0

    async def download(self, location: str, target: Path) -> None:
        await self._pass()
        if location not in self.files:
            raise TransferFailed(Failure.FAILED, "the server answered 404 Not Found")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.files[location])

    async def upload(self, content: bytes, location: str, file_name: str, *, resume: bool = False) -> None:
        await self._pass()
        self.brought.append(Brought(location, file_name, content, resume))

    async def _pass(self) -> None:
        self.started_s.append(asyncio.get_running_loop().time())
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        failure = self.failures.popleft() if self.failures else None
        if failure is not None:
            raise TransferFailed(failure, f"scripted: {failure.name}")
