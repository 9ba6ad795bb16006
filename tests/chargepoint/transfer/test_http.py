"""Files by HTTP and HTTPS, from and to real servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.client import BadStatusLine
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest
from tests.chargepoint.transfer.servers import Reply, Site, certificates, http_server

from voltyard.chargepoint.transfer.errors import Failure, TransferFailed
from voltyard.chargepoint.transfer.http import fetch, store
from voltyard.chargepoint.transfer.location import locate
from voltyard.chargepoint.transfer.wire import Wire

pytestmark = pytest.mark.integration

CONTENT = bytes(range(256)) * 500


@pytest.fixture
def site() -> Iterator[Site]:
    with http_server() as site:
        yield site


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(silence_s=10)
    yield wire
    wire.cut()


def get(url: str, wire: Wire, context: ssl.SSLContext | None = None) -> bytes:
    pieces: list[bytes] = []
    fetch(locate(url), wire, lambda: context or ssl.create_default_context(), pieces.append)
    return b"".join(pieces)


def put(url: str, wire: Wire, content: bytes = CONTENT) -> None:
    store(locate(url), wire, ssl.create_default_context, content)


def test_a_file_is_got(site: Site, wire: Wire) -> None:
    site.files["/fw%20image.bin?version=2"] = CONTENT

    assert get(f"{site.url}/fw%20image.bin?version=2", wire) == CONTENT


def test_a_file_is_put(site: Site, wire: Wire) -> None:
    """Z25."""
    put(f"{site.url}/logs/a.log", wire)

    assert site.files == {"/logs/a.log": CONTENT}
    assert [asked.method for asked in site.asked] == ["PUT"]


def test_an_empty_file_is_put(site: Site, wire: Wire) -> None:
    put(f"{site.url}/empty", wire, b"")

    assert site.files == {"/empty": b""}


def test_credentials_of_the_url_are_sent_as_basic_authorization(site: Site, wire: Wire) -> None:
    put(site.url.replace("://", "://us%40er:p%3Aw@") + "/a", wire)

    assert site.asked[0].headers["Authorization"] == "Basic dXNAZXI6cDp3"
    assert "us" not in site.asked[0].target
    assert site.asked[0].headers["Host"] == site.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, Failure.BAD_MESSAGE),
        (401, Failure.PERMISSION_DENIED),
        (403, Failure.PERMISSION_DENIED),
        (404, Failure.FAILED),
        (405, Failure.NOT_SUPPORTED),
        (411, Failure.BAD_MESSAGE),
        (500, Failure.FAILED),
        (501, Failure.NOT_SUPPORTED),
        (503, Failure.FAILED),
        (304, Failure.FAILED),
    ],
)
def test_refusals_are_told_apart(site: Site, wire: Wire, status: int, failure: Failure) -> None:
    """R-391."""
    site.replies["/file"] = Reply(status)

    with pytest.raises(TransferFailed) as got:
        get(f"{site.url}/file", wire)
    with pytest.raises(TransferFailed) as put_there:
        put(f"{site.url}/file", wire)

    assert (got.value.failure, put_there.value.failure) == (failure, failure)
    assert str(status) in got.value.reason


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_is_followed(site: Site, wire: Wire, status: int) -> None:
    site.files["/there"] = CONTENT
    site.replies["/here"] = Reply(status, {"Location": "/there"})
    site.replies["/put"] = Reply(status, {"Location": f"{site.url}/stored"})
    url = site.url.replace("://", "://user:secret@")

    assert get(f"{url}/here", wire) == CONTENT
    put(f"{url}/put", wire)

    assert site.files["/stored"] == CONTENT
    assert all("Authorization" in asked.headers for asked in site.asked)


def test_see_other_is_no_way_to_put_a_file(site: Site, wire: Wire) -> None:
    site.replies["/put"] = Reply(303, {"Location": "/elsewhere"})

    with pytest.raises(TransferFailed):
        put(f"{site.url}/put", wire)


def test_credentials_do_not_go_to_another_server(site: Site, wire: Wire) -> None:
    with http_server() as other:
        other.files["/there"] = CONTENT
        site.replies["/here"] = Reply(302, {"Location": f"{other.url}/there"})

        assert get(site.url.replace("://", "://user:secret@") + "/here", wire) == CONTENT

        assert "Authorization" not in other.asked[0].headers


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1/"])
def test_a_redirection_out_of_http_is_not_followed(site: Site, wire: Wire, target: str) -> None:
    site.replies["/here"] = Reply(302, {"Location": target})

    with pytest.raises(TransferFailed) as failed:
        get(f"{site.url}/here", wire)

    assert failed.value.failure is Failure.NOT_SUPPORTED


def test_a_redirection_out_of_tls_is_not_followed(site: Site, wire: Wire, tmp_path: Path) -> None:
    site.files["/there"] = CONTENT
    made = certificates(tmp_path)
    with http_server(made.server) as secure:
        secure.replies["/here"] = Reply(302, {"Location": f"{site.url}/there"})

        with pytest.raises(TransferFailed):
            get(f"{secure.url}/here", wire, made.client)

    assert site.asked == []


def test_redirections_in_a_circle_end(site: Site, wire: Wire) -> None:
    site.replies["/round"] = Reply(302, {"Location": "/round"})

    with pytest.raises(TransferFailed, match="too many"):
        get(f"{site.url}/round", wire)
    with pytest.raises(TransferFailed, match="too many"):
        put(f"{site.url}/round", wire)

    assert len(site.asked) == 12


def test_a_server_is_verified(wire: Wire, tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with http_server(made.server) as secure:
        secure.files["/x"] = CONTENT

        assert get(f"{secure.url}/x", wire, made.client) == CONTENT
        with pytest.raises(ssl.SSLCertVerificationError):
            get(f"{secure.url}/x", wire)


def test_a_file_that_ends_too_early_is_no_file(site: Site, wire: Wire) -> None:
    site.files["/x"] = CONTENT
    site.cut_after = 1000

    with pytest.raises(TransferFailed, match="127000 bytes too early"):
        get(f"{site.url}/x", wire)


def test_what_does_not_speak_http_is_not_understood(wire: Wire) -> None:
    with create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        thread = Thread(target=answer)
        thread.start()

        with pytest.raises(BadStatusLine):
            get(f"http://127.0.0.1:{server.getsockname()[1]}/", wire)
        thread.join()


def test_a_server_that_refuses_before_it_has_all_is_heard(wire: Wire) -> None:
    with create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                # Read all there is, so that it is the answer that arrives and not a reset.
                while connection.recv(65536):
                    pass

        thread = Thread(target=refuse)
        thread.start()

        with pytest.raises(TransferFailed) as failed:
            put(f"http://127.0.0.1:{server.getsockname()[1]}/x", wire)
        wire.cut()
        thread.join()

    assert failed.value.failure is Failure.PERMISSION_DENIED
