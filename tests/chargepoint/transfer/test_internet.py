"""Transfers as a charge point makes them: bounded, cancellable, and nothing left of what failed."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from tests.aio import run
from tests.chargepoint.transfer.servers import (
    FtpsServer,
    Reply,
    certificates,
    ftp_server,
    http_server,
)
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.transfer import (
    Failure,
    InternetTransfer,
    Limits,
    SupportedOnly,
    TransferFailed,
)

CONTENT = bytes(range(256)) * 2000


async def failing(transfer: InternetTransfer, location: str, directory: Path) -> Failure:
    """Fail to download and return why; nothing is left of it."""
    with pytest.raises(TransferFailed) as failed:
        await transfer.download(location, directory / "file")
    assert list(directory.iterdir()) == []
    return failed.value.failure


@pytest.mark.integration
def test_a_download_lands_whole(tmp_path: Path) -> None:
    async def main() -> None:
        with http_server() as site:
            site.files["/fw"] = CONTENT
            await InternetTransfer().download(f"{site.url}/fw", tmp_path / "new" / "image")

    run(main())

    assert [path.name for path in (tmp_path / "new").iterdir()] == ["image"]
    assert (tmp_path / "new" / "image").read_bytes() == CONTENT


@pytest.mark.integration
def test_an_upload_goes_to_its_directory(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    inbox = tmp_path / "inbox"
    inbox.mkdir()

    async def main() -> None:
        transfer = InternetTransfer(ssl=made.client)
        with http_server() as site, http_server(made.server) as secure:
            await transfer.upload(CONTENT, f"{site.url}/in", "a.log")
            await transfer.upload(CONTENT, f"{secure.url}/in/", "b.log")
            assert site.files | secure.files == {"/in/a.log": CONTENT, "/in/b.log": CONTENT}
        with ftp_server(inbox) as url:
            await transfer.upload(CONTENT, url, "c.log")
            await transfer.download(f"{url}/c.log", tmp_path / "back")
        with FtpsServer(made.server).running() as ftps:
            await transfer.upload(CONTENT, f"{ftps.url}/logs", "d.log")
            assert ftps.files == {"logs/d.log": CONTENT}

    run(main())

    assert (inbox / "c.log").read_bytes() == (tmp_path / "back").read_bytes() == CONTENT


@pytest.mark.integration
def test_an_interrupted_upload_by_ftp_is_resumed(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"X" * 1000)

    async def main() -> None:
        with ftp_server(tmp_path) as url:
            await InternetTransfer().upload(CONTENT, url, "a.log", resume=True)

    run(main())

    assert (tmp_path / "a.log").read_bytes() == b"X" * 1000 + CONTENT[1000:]


@pytest.mark.integration
def test_failures_leave_nothing_behind(tmp_path: Path) -> None:
    async def main() -> None:
        transfer = InternetTransfer(limits=Limits(size_bytes=1000, silence_s=10))
        with http_server() as site:
            site.files["/large"] = CONTENT
            site.files["/cut"] = CONTENT[:900]
            site.replies["/forbidden"] = Reply(403)

            assert await failing(transfer, f"{site.url}/large", tmp_path) is Failure.FAILED
            assert await failing(transfer, f"{site.url}/forbidden", tmp_path) is Failure.PERMISSION_DENIED
            site.cut_after = 500
            assert await failing(transfer, f"{site.url}/cut", tmp_path) is Failure.FAILED
            with pytest.raises(TransferFailed, match=r"too early|reset|[Bb]roken"):
                await transfer.upload(CONTENT, site.url, "cut")
            gone = site.url
        assert await failing(transfer, gone, tmp_path) is Failure.FAILED
        assert await failing(transfer, "gopher://127.0.0.1/x", tmp_path) is Failure.NOT_SUPPORTED
        assert await failing(transfer, "ftp://127.0.0.1:1/x%0D%0Ay", tmp_path) is Failure.BAD_MESSAGE

    run(main())


@pytest.mark.integration
def test_what_does_not_speak_the_protocol_is_not_understood(tmp_path: Path) -> None:
    async def main() -> None:
        transfer = InternetTransfer(limits=Limits(silence_s=10))
        for greeting in (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\xff\xfe\r\n\r\n"):
            for scheme in ("http", "ftp"):
                server = await asyncio.start_server(partial(_say, greeting), "127.0.0.1", 0)
                async with server:
                    port = server.sockets[0].getsockname()[1]
                    failure = await failing(transfer, f"{scheme}://127.0.0.1:{port}/", tmp_path)
                    assert failure in {Failure.BAD_MESSAGE, Failure.FAILED}

    run(main())


async def _say(greeting: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(greeting)
    writer.write_eof()
    await reader.read()
    writer.close()


@pytest.mark.integration
def test_silence_and_slowness_end_a_transfer(tmp_path: Path) -> None:
    async def main() -> None:
        with http_server() as site:
            site.files["/x"] = CONTENT
            site.hold_after = 100
            patient = InternetTransfer(limits=Limits(total_s=0.2))
            impatient = InternetTransfer(limits=Limits(silence_s=0.2))

            assert await failing(impatient, f"{site.url}/x", tmp_path) is Failure.FAILED
            with pytest.raises(TransferFailed, match="too long"):
                await patient.upload(CONTENT, site.url, "y")

    run(main())


@pytest.mark.parametrize("is_upload", [False, True])
@pytest.mark.integration
def test_cancelling_stops_the_transfer_itself(tmp_path: Path, is_upload: bool) -> None:
    async def main() -> None:
        with http_server() as site:
            site.files["/x"] = CONTENT
            site.hold_after = 100
            transfer = InternetTransfer()
            work = (
                transfer.upload(CONTENT, site.url, "y")
                if is_upload
                else transfer.download(f"{site.url}/x", tmp_path / "x")
            )
            task = asyncio.create_task(work)
            await asyncio.to_thread(site.is_held.wait, 10)

            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
            assert await asyncio.to_thread(site.client_gone.wait, 10)
            # The thread cleans up by itself.
            while list(tmp_path.iterdir()):
                await asyncio.sleep(0.01)

    run(main())


@pytest.mark.integration
def test_more_transfers_than_go_at_once_wait_for_each_other(tmp_path: Path) -> None:
    async def main() -> None:
        transfer = InternetTransfer(limits=Limits(at_once=2))
        with http_server() as site:
            for number in range(6):
                site.files[f"/{number}"] = CONTENT
            async with asyncio.TaskGroup() as tasks:
                for number in range(6):
                    tasks.create_task(transfer.download(f"{site.url}/{number}", tmp_path / str(number)))

    run(main())

    assert len(list(tmp_path.iterdir())) == 6


class Remembering:
    """A transfer that only remembers."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def download(self, location: str, target: Path) -> None:
        self.asked.append((location, target))

    async def upload(self, content: bytes, location: str, file_name: str, *, resume: bool = False) -> None:
        self.asked.append((content, location, file_name, resume))


@story
async def test_only_what_is_supported_is_transferred_by() -> None:
    inner = Remembering()
    transfer = SupportedOnly(inner, ("FTP", "HTTPS"))
    target = Path("x")

    await transfer.download("ftp://h/x", target)
    await transfer.upload(b"1", "https://h/", "y", resume=True)
    for location in ("http://h/x", "ftps://h/x", "sftp://h/x"):
        with pytest.raises(TransferFailed) as failed:
            await transfer.download(location, target)
        assert failed.value.failure is Failure.NOT_SUPPORTED
        with pytest.raises(TransferFailed):
            await transfer.upload(b"", location, "y")

    assert inner.asked == [("ftp://h/x", target), (b"1", "https://h/", "y", True)]
