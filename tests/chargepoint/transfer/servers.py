"""Real servers for files, on ports of their own: HTTP and HTTPS, FTP as another program, FTPS."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.serving import free_port

PATIENCE_S = 10.0


class Reply(NamedTuple):
    """What an HTTP server says whatever is asked for."""

    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


class Asked(NamedTuple):
    """A request as an HTTP server got it."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Site:
    """An HTTP server's files by target, and how it behaves.

    `replies` come before files. `cut_after` ends connections after so many bytes of a file, `hold_after`
    lets them be silent from there on: `is_held` is set then, and `client_gone` when the client has gone.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    cut_after: int | None = None
    hold_after: int | None = None
    is_held: threading.Event = field(default_factory=threading.Event)
    client_gone: threading.Event = field(default_factory=threading.Event)
    url: str = ""


class _Server(ThreadingHTTPServer):
    def __init__(self, site: Site) -> None:
        self.site = site
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        site = self.server.site
        if self._replied():
            return
        content = site.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: _lesser(site.cut_after, site.hold_after)])
        if site.hold_after is not None:
            self._hold()

    def do_PUT(self) -> None:
        site = self.server.site
        limit = _lesser(site.cut_after, site.hold_after)
        content = self.rfile.read(int(self.headers["Content-Length"]) if limit is None else limit)
        if site.hold_after is not None:
            self._hold()
        elif site.cut_after is not None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif not self._replied():
            site.files[self.path] = content
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _replied(self) -> bool:
        site = self.server.site
        site.asked.append(Asked(self.command, self.path, dict(self.headers)))
        reply = site.replies.get(self.path)
        if reply is None:
            return False
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
        return True

    def _hold(self) -> None:
        site = self.server.site
        site.is_held.set()
        with suppress(OSError):
            while self.connection.recv(65536):
                pass
        site.client_gone.set()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def http_server(context: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Run an HTTP server in a thread."""
    site = Site()
    server = _Server(site)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if context is None else "https"
    site.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def ftp_server(directory: Path, *, may_write: bool = True) -> Iterator[str]:
    """Run an FTP server as a program of its own; gives its URL with credentials."""
    port = free_port()
    options = ["-i", "127.0.0.1", "-p", str(port), "-u", "user", "-P", "p@ss", "-d", str(directory)]
    if may_write:
        options.append("-w")
    process = subprocess.Popen(
        [sys.executable, "-m", "pyftpdlib", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _until_listening(port)
        yield f"ftp://user:p%40ss@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Certificates(NamedTuple):
    """A server's certificate for 127.0.0.1, and whom clients have to trust."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def certificates(directory: Path) -> Certificates:
    """Make a certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "server.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(encoding))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pem)
    return Certificates(server, ssl.create_default_context(cafile=str(pem)))


@dataclass
class FtpsServer:
    """The little of FTP over TLS that a transfer of one file takes, one client after the other.

    It keeps `files` by path and the `commands` it was given; `cut_after` lets it vanish after so many bytes
    of a file. With `wants_session`, data connections have to
    come from the TLS session of the control connection, as many servers have it.
    """

    context: ssl.SSLContext
    is_implicit: bool = False
    wants_session: bool = False
    cut_after: int | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    url: str = ""
    port: int = 0

    @contextmanager
    def running(self) -> Iterator[FtpsServer]:
        """Serve in a thread."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
            self.url = f"ftps://user:secret@127.0.0.1:{self.port}"
            thread = threading.Thread(target=self._serve, args=(listening,))
            thread.start()
            try:
                yield self
            finally:
                listening.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE_S)
            with suppress(OSError), ExitStack() as stack:
                self._converse(stack.enter_context(connection), stack)

    def _converse(self, connection: socket.socket, stack: ExitStack) -> None:
        if self.is_implicit:
            connection = stack.enter_context(self.context.wrap_socket(connection, server_side=True))
        connection.sendall(b"220 ready\r\n")
        with socket.create_server(("127.0.0.1", 0)) as passive:
            passive.settimeout(PATIENCE_S)
            while line := _read_line(connection):
                self.commands.append(line)
                command, _, argument = line.partition(" ")
                if command == "AUTH":
                    connection.sendall(b"234 go on\r\n")
                    connection = stack.enter_context(self.context.wrap_socket(connection, server_side=True))
                elif command in {"STOR", "RETR"}:
                    self._transfer(connection, passive, command, argument)
                else:
                    connection.sendall(self._answer(command, passive))
                    if command == "QUIT":
                        return

    def _answer(self, command: str, passive: socket.socket) -> bytes:
        high, low = divmod(passive.getsockname()[1], 256)
        answers = {
            "USER": "331 password",
            "PASS": "230 logged in",
            "PBSZ": "200 0",
            "PROT": "200 private",
            "TYPE": "200 binary",
            "PASV": f"227 (127,0,0,1,{high},{low})",
            "QUIT": "221 bye",
        }
        return f"{answers.get(command, '502 what?')}\r\n".encode()

    def _transfer(self, control: socket.socket, passive: socket.socket, command: str, path: str) -> None:
        raw, _ = passive.accept()
        control.sendall(b"150 here it comes\r\n")
        raw.settimeout(PATIENCE_S)
        with self.context.wrap_socket(raw, server_side=True) as data:
            if self.wants_session and not data.session_reused:
                control.sendall(b"522 session reuse required\r\n")
                return
            if command == "STOR":
                self.files[path] = b"".join(iter(lambda: data.recv(65536), b""))
            else:
                data.sendall(self.files[path][: self.cut_after])
                data.unwrap()
        if self.cut_after is not None:
            control.shutdown(socket.SHUT_RDWR)
            return
        control.sendall(b"226 done\r\n")


def _read_line(connection: socket.socket) -> str:
    line = b""
    while not line.endswith(b"\r\n"):
        if not (letter := connection.recv(1)):
            return ""
        line += letter
    return line.decode().strip()


def _lesser(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _until_listening(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError("the server did not start")
