"""Files from and to servers on the network, in threads that a cancelled task cuts off."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from pathlib import Path
from tempfile import mkstemp
from typing import Final, Protocol

from voltyard.chargepoint.transfer import ftp, http
from voltyard.chargepoint.transfer.errors import Failure, TransferFailed
from voltyard.chargepoint.transfer.location import Location, file_in, locate
from voltyard.chargepoint.transfer.wire import Wire

PART_SUFFIX: Final = ".part"
"""What files end in that are not complete; a loss of power may leave some behind."""


class FileTransfer(Protocol):
    """Gets and brings files; cancelling it stops the transfer."""

    async def download(self, location: str, target: Path) -> None:
        """Get the file at a URL; `target` is there when all of it is. Raises `TransferFailed`."""

    async def upload(self, content: bytes, location: str, file_name: str, *, resume: bool = False) -> None:
        """Bring a file into the directory at a URL; raises `TransferFailed`.

        With `resume`, what an earlier attempt has brought there need not be brought again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a transfer may take and be silent, how large a file may be, how many go on at once."""

    total_s: float = 3600.0
    silence_s: float = 30.0
    size_bytes: int = 256 * 1024 * 1024
    at_once: int = 8


class InternetTransfer:
    """Transfers by HTTP, HTTPS, FTP and FTPS; many charge points may share one.

    `ssl` verifies servers, by default against the machine's own root certificates. TLS on `implicit_port`
    of an `ftps` location comes before FTP.
    """

    def __init__(
        self,
        *,
        ssl: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        implicit_port: int = ftp.IMPLICIT_PORT,
    ) -> None:
        self._ssl = ssl
        self._limits = limits or Limits()
        self._implicit_port = implicit_port

    async def download(self, location: str, target: Path) -> None:
        source = locate(location)
        await self._run(partial(self._download, source, target))

    async def upload(self, content: bytes, location: str, file_name: str, *, resume: bool = False) -> None:
        target = locate(file_in(location, file_name))
        await self._run(partial(self._upload, content, target, resume))

    async def _run(self, work: Callable[[Wire], None]) -> None:
        wire = Wire(self._limits.silence_s)
        try:
            async with asyncio.timeout(self._limits.total_s):
                await asyncio.get_running_loop().run_in_executor(self._threads, work, wire)
        except TimeoutError:
            raise TransferFailed(Failure.FAILED, "it took too long") from None
        finally:
            wire.cut()

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._limits.at_once, thread_name_prefix="transfer")

    # In a thread.

    def _download(self, source: Location, target: Path, wire: Wire) -> None:
        with _translated(), _landing(target, wire, self._limits.size_bytes) as take:
            if source.scheme.startswith("http"):
                http.fetch(source, wire, self._secure, take)
            else:
                ftp.fetch(source, wire, self._secure, take, implicit_port=self._implicit_port)

    def _upload(self, content: bytes, target: Location, resume: bool, wire: Wire) -> None:
        with _translated():
            if target.scheme.startswith("http"):
                http.store(target, wire, self._secure, content)
            else:
                ftp.store(
                    target, wire, self._secure, content, resume=resume, implicit_port=self._implicit_port
                )

    def _secure(self) -> ssl.SSLContext:
        return self._ssl or ssl.create_default_context()


class SupportedOnly:
    """Transfers by the protocols a charge point supports (SupportedFileTransferProtocols)."""

    def __init__(self, transfer: FileTransfer, protocols: Collection[str]) -> None:
        self._transfer = transfer
        self._protocols = protocols

    async def download(self, location: str, target: Path) -> None:
        self._check(location)
        await self._transfer.download(location, target)

    async def upload(self, content: bytes, location: str, file_name: str, *, resume: bool = False) -> None:
        self._check(location)
        await self._transfer.upload(content, location, file_name, resume=resume)

    def _check(self, location: str) -> None:
        scheme = locate(location).scheme
        if scheme.upper() not in self._protocols:
            raise TransferFailed(Failure.NOT_SUPPORTED, f"{scheme} is not supported")


@contextmanager
def _landing(target: Path, wire: Wire, size_bytes: int) -> Iterator[Callable[[bytes], None]]:
    """Take the pieces of a file, which is there when the block is left and the wire has not been cut."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = mkstemp(PART_SUFFIX, dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:

            def take(piece: bytes) -> None:
                if file.tell() + len(piece) > size_bytes:
                    raise TransferFailed(Failure.FAILED, f"the file is larger than {size_bytes} bytes")
                file.write(piece)

            yield take
            file.flush()
            os.fsync(descriptor)
        wire.unless_cut(lambda: part.replace(target))
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (IncompleteRead, RemoteDisconnected, EOFError) as error:
        raise TransferFailed(Failure.FAILED, "the connection ended too early") from error
    except OSError as error:
        raise TransferFailed(Failure.FAILED, str(error) or type(error).__name__) from error
    except (HTTPException, ValueError) as error:
        # Not HTTP, no text, or what cannot be sent.
        raise TransferFailed(Failure.BAD_MESSAGE, f"the server was not understood: {error}") from error
