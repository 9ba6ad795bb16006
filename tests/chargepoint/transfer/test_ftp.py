"""Files by FTP and FTPS, from and to real servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest
from tests.chargepoint.transfer.servers import FtpsServer, certificates, ftp_server

from voltyard.chargepoint.transfer import ftp
from voltyard.chargepoint.transfer.errors import Failure, TransferFailed
from voltyard.chargepoint.transfer.location import locate
from voltyard.chargepoint.transfer.wire import Wire

pytestmark = pytest.mark.integration

CONTENT = bytes(range(256)) * 500


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ftp")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[str]:
    with ftp_server(directory) as url:
        yield url


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(silence_s=10)
    yield wire
    wire.cut()


def get(url: str, wire: Wire, context: ssl.SSLContext | None = None) -> bytes:
    pieces: list[bytes] = []
    ftp.fetch(locate(url), wire, lambda: context or ssl.create_default_context(), pieces.append)
    return b"".join(pieces)


def put(url: str, wire: Wire, *, resume: bool = False) -> None:
    ftp.store(locate(url), wire, ssl.create_default_context, CONTENT, resume=resume)


def test_a_file_is_retrieved(server: str, directory: Path, wire: Wire) -> None:
    (directory / "dir").mkdir()
    (directory / "dir" / "fw image").write_bytes(CONTENT)

    assert get(f"{server}/dir/fw%20image", wire) == CONTENT


def test_a_file_is_stored(server: str, directory: Path, wire: Wire) -> None:
    put(f"{server}/a.log", wire)

    assert (directory / "a.log").read_bytes() == CONTENT


def test_a_file_of_which_a_part_is_there_is_completed(server: str, directory: Path, wire: Wire) -> None:
    """N01: when the upload fails it is recommended to resume."""
    (directory / "b.log").write_bytes(b"X" * 1000)

    put(f"{server}/b.log", wire, resume=True)

    assert (directory / "b.log").read_bytes() == b"X" * 1000 + CONTENT[1000:]


@pytest.mark.parametrize("there", [None, b"", CONTENT + b"more"])
def test_with_nothing_to_resume_the_whole_file_is_stored(
    server: str, directory: Path, wire: Wire, there: bytes | None
) -> None:
    path = directory / "c.log"
    path.unlink(missing_ok=True)
    if there is not None:
        path.write_bytes(there)

    put(f"{server}/c.log", wire, resume=True)

    assert path.read_bytes() == CONTENT


def test_what_is_there_is_replaced_unless_it_is_to_be_resumed(
    server: str, directory: Path, wire: Wire
) -> None:
    (directory / "d.log").write_bytes(b"of somebody else")

    put(f"{server}/d.log", wire)

    assert (directory / "d.log").read_bytes() == CONTENT


def test_what_is_not_there_is_a_failure(server: str, wire: Wire) -> None:
    with pytest.raises(TransferFailed) as no_file:
        get(f"{server}/nowhere", wire)
    with pytest.raises(TransferFailed) as no_directory:
        put(f"{server}/nowhere/x", wire)

    assert no_file.value.failure is Failure.FAILED
    assert no_directory.value.failure is Failure.FAILED


def test_who_may_not_write_is_denied_permission(tmp_path: Path, wire: Wire) -> None:
    """R-391."""
    with ftp_server(tmp_path, may_write=False) as url, pytest.raises(TransferFailed) as failed:
        put(f"{url}/x", wire)

    assert failed.value.failure is Failure.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("replies", "failure"),
    [
        (b"+OK POP3 ready\r\n", Failure.BAD_MESSAGE),
        (b"220 a\r\n500 what?\r\n", Failure.BAD_MESSAGE),
        (b"220 a\r\n502 not here\r\n", Failure.NOT_SUPPORTED),
        (b"220 a\r\n331 b\r\n530 login incorrect\r\n", Failure.PERMISSION_DENIED),
        (b"220 a\r\n550 Permission denied\r\n", Failure.PERMISSION_DENIED),
        (b"421 too many\r\n", Failure.FAILED),
    ],
)
def test_refusals_are_told_apart(replies: bytes, failure: Failure, wire: Wire) -> None:
    """R-391."""
    with create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(replies)
                while connection.recv(65536):
                    pass

        thread = Thread(target=answer)
        thread.start()

        with pytest.raises(TransferFailed) as failed:
            get(f"ftp://127.0.0.1:{listening.getsockname()[1]}/x", wire)
        wire.cut()
        thread.join()

    assert failed.value.failure is failure


@pytest.mark.parametrize("wants_session", [False, True])
def test_ftps_is_encrypted_both_ways_and_verified(tmp_path: Path, wire: Wire, wants_session: bool) -> None:
    made = certificates(tmp_path)
    with FtpsServer(made.server, wants_session=wants_session).running() as secure:
        ftp.store(locate(f"{secure.url}/in/a.log"), wire, lambda: made.client, CONTENT)
        got = get(f"{secure.url}/in/a.log", wire, made.client)

        assert secure.files == {"in/a.log": CONTENT}
        assert got == CONTENT
        assert secure.commands[:5] == ["AUTH TLS", "USER user", "PASS secret", "PBSZ 0", "PROT P"]
        with pytest.raises(ssl.SSLCertVerificationError):
            get(f"{secure.url}/in/a.log", wire)


def test_a_server_that_vanishes_has_not_sent_the_file(tmp_path: Path, wire: Wire) -> None:
    made = certificates(tmp_path)
    with FtpsServer(made.server, files={"a": CONTENT}, cut_after=1000).running() as secure:
        with pytest.raises(EOFError):
            get(f"{secure.url}/a", wire, made.client)
        with pytest.raises(EOFError):
            ftp.store(locate(f"{secure.url}/b"), wire, lambda: made.client, CONTENT)


def test_on_the_port_for_it_tls_comes_first(tmp_path: Path, wire: Wire) -> None:
    made = certificates(tmp_path)
    with FtpsServer(made.server, is_implicit=True).running() as secure:
        ftp.store(
            locate(f"{secure.url}/a.log"), wire, lambda: made.client, CONTENT, implicit_port=secure.port
        )

        assert secure.files == {"a.log": CONTENT}
        assert secure.commands[0] == "USER user"
