from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from itertools import pairwise

import pytest
import websockets
from tests.aio import Echo, Recorder, run
from tests.transport.raw import CLOSE, PING, TEXT
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_independently
from websockets.http11 import Request
from websockets.utils import accept_key

from voltyard.transport.backoff import Backoff
from voltyard.transport.client import Reconnecting, connect, connection_url
from voltyard.transport.deadlines import Deadlines
from voltyard.transport.errors import HandshakeFailed, HandshakeRefused, SubprotocolRefused, TransportError
from voltyard.transport.handshake import Admission, Handshake, Refusal
from voltyard.transport.server import serve
from voltyard.transport.websocket import Limits, WebSocketConnection

pytestmark = pytest.mark.integration

HOST = "127.0.0.1"
OCPP16 = websockets.Subprotocol("ocpp1.6")
HASTY = Limits(pong_timeout_s=0.02, close_timeout_s=0.02)

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp_server(handle: Handle) -> AsyncIterator[str]:
    """A server that does with each connection what it wants; yields the endpoint URL."""

    async def handle_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The client may leave at any time, and so may the test.
        with suppress(asyncio.CancelledError, EOFError, ConnectionError), closing(writer):
            await handle(reader, writer)

    server = await asyncio.start_server(handle_and_close, HOST, 0)
    try:
        yield f"ws://{HOST}:{server.sockets[0].getsockname()[1]}/ocpp"
    finally:
        server.close()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *lines: str) -> None:
    """Answer the opening handshake with these lines; `{accept}` is the right answer to the key."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    key = next(line.partition(": ")[2] for line in head if line.startswith("Sec-WebSocket-Key"))
    writer.write("\r\n".join((*lines, "", "")).format(accept=accept_key(key)).encode())


def answering(*lines: str, then: bytes = b"") -> Handle:
    """Answer the opening handshake, send `then` and wait for the end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(reader, writer, *lines)
        writer.write(then)
        await reader.read()

    return handle


async def first_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read a short masked frame; return its opcode and payload."""
    first, second = await reader.readexactly(2)
    key = await reader.readexactly(4)
    payload = await reader.readexactly(second & 0x7F)
    return first & 0x0F, bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


SWITCHING = (
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: {accept}",
)
SPEAKING_OCPP16 = (*SWITCHING, "Sec-WebSocket-Protocol: ocpp1.6")


class TestConnectionUrl:
    @pytest.mark.parametrize(
        ("endpoint", "identity", "url"),
        [
            ("ws://central.example/ocppj", "RDAM 123", "ws://central.example/ocppj/RDAM%20123"),
            ("ws://central.example/ocppj/", "CP1", "ws://central.example/ocppj/CP1"),
            ("wss://central.example", "CP1", "wss://central.example/CP1"),
            ("ws://[::1]:9000/a/ocpp16", "CP1", "ws://[::1]:9000/a/ocpp16/CP1"),
            ("ws://central.example/ocpp?key=7", "CP1", "ws://central.example/ocpp/CP1?key=7"),
            ("ws://central.example", "a/b?c#d%", "ws://central.example/a%2Fb%3Fc%23d%25"),
            ("ws://central.example", "é", "ws://central.example/%C3%A9"),
        ],
    )
    def test_is_the_endpoint_and_the_percent_encoded_identity(
        self, endpoint: str, identity: str, url: str
    ) -> None:
        assert connection_url(endpoint, identity) == url

    def test_needs_an_identity(self) -> None:
        with pytest.raises(ValueError, match="empty"):
            connection_url("ws://central.example/ocpp", "")


class TestConnect:
    @pytest.mark.parametrize(
        ("identity", "path"), [("RDAM 123", "/ocpp/RDAM%20123"), ("RDAM:123", "/ocpp/RDAM%3A123")]
    )
    def test_asks_as_the_specification_says(self, identity: str, path: str) -> None:
        async def story() -> Request | None:
            async def admit_all(peer: ServerConnection) -> None:
                await peer.wait_closed()

            async with serve_independently(admit_all, HOST, 0, subprotocols=[OCPP16]) as server:
                port = next(iter(server.sockets)).getsockname()[1]
                url = f"ws://{HOST}:{port}/ocpp"
                connection = await connect(url, identity, Recorder(), password=b"\xff:\x00")
                [peer] = server.connections
                connection.close()
                await connection.wait_closed()
                return peer.request

        request = run(story())

        assert request is not None
        assert request.path == path
        assert request.headers["Sec-WebSocket-Protocol"] == "ocpp1.6"
        credentials = b64encode(identity.encode() + b":\xff:\x00").decode()
        assert request.headers["Authorization"] == f"Basic {credentials}"
        assert "Sec-WebSocket-Extensions" not in request.headers

    def test_exchanges_messages_and_pings_with_an_independent_server(self) -> None:
        async def story() -> tuple[str | bytes, bytes, list[tuple[int, str]]]:
            seen: asyncio.Queue[str | bytes] = asyncio.Queue()

            async def handle(peer: ServerConnection) -> None:
                await (await peer.ping())
                seen.put_nowait(await peer.recv())
                await peer.send("größer")
                await peer.wait_closed()

            async with serve_independently(handle, HOST, 0, subprotocols=[OCPP16]) as server:
                port = next(iter(server.sockets)).getsockname()[1]
                receiver = Recorder()
                connection = await connect(f"ws://{HOST}:{port}/ocpp", "CP1", receiver)
                connection.send("Grüße".encode())
                answer = await receiver.frames.get()
                connection.close(1000, "done")
                await connection.wait_closed()
                return await seen.get(), answer, receiver.losses

        assert run(story()) == ("Grüße", "größer".encode(), [(1000, "done")])

    def test_sends_no_credentials_without_a_password(self) -> None:
        async def story() -> list[bytes | None]:
            asked: list[bytes | None] = []

            async def admit(handshake: Handshake) -> Refusal:
                asked.append(handshake.authorization)
                return Refusal.unauthorized("Voltyard")

            async with await serve(admit, HOST, 0) as listener:
                with pytest.raises(HandshakeRefused):
                    await connect(f"ws://{HOST}:{listener.port}/ocpp", "CP1", Recorder())
                return asked

        assert run(story()) == [None]

    @pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop], ids=["asyncio"])
    def test_works_on_the_standard_loop_too(
        self, loop_factory: Callable[[], asyncio.AbstractEventLoop]
    ) -> None:
        async def story() -> bytes:
            async def admit(_: Handshake) -> Admission:
                return Admission(connected=Echo())

            async with await serve(admit, HOST, 0) as listener:
                receiver = Recorder()
                connection = await connect(f"ws://{HOST}:{listener.port}/ocpp", "CP1", receiver)
                connection.send(b"hello")
                return await receiver.frames.get()

        assert run(story(), loop_factory=loop_factory) == b"hello"

    def test_delivers_what_the_server_sends_together_with_its_101(self) -> None:
        async def story() -> list[bytes]:
            handle = answering(*SPEAKING_OCPP16, then=b"\x81\x05hello\x81\x05wor" + b"ld")
            async with tcp_server(handle) as url:
                receiver = Recorder()
                connection = await connect(url, "CP1", receiver)
                messages = [await receiver.frames.get() for _ in range(2)]
                connection.abort()
                await connection.wait_closed()
                return messages

        assert run(story()) == [b"hello", b"world"]

    @pytest.mark.parametrize("selected", [None, "ocpp2.0", "ocpp1.6, ocpp1.5"])
    def test_closes_when_the_server_selects_no_or_another_subprotocol(self, selected: str | None) -> None:
        async def story() -> tuple[str | None, int, int]:
            closed: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                header = [] if selected is None else [f"Sec-WebSocket-Protocol: {selected}"]
                await answer(reader, writer, *SWITCHING, *header)
                closed.set_result(await first_frame(reader))

            receiver = Recorder()
            async with tcp_server(handle) as url:
                with pytest.raises(SubprotocolRefused) as refused:
                    await connect(url, "CP1", receiver)
                opcode, payload = await closed
            assert opcode == CLOSE
            return refused.value.selected, int.from_bytes(payload[:2], "big"), receiver.connections

        assert run(story()) == (selected, 1002, 0)

    def test_does_not_care_how_the_server_spells_the_subprotocol(self) -> None:
        async def story() -> int:
            async with tcp_server(answering(*SWITCHING, "sec-websocket-protocol: OCPP1.6")) as url:
                receiver = Recorder()
                connection = await connect(url, "CP1", receiver)
                connection.abort()
                await connection.wait_closed()
                return receiver.connections

        assert run(story()) == 1

    @pytest.mark.parametrize(
        ("refusal", "retry_after_s"),
        [
            (Refusal.unknown(), None),
            (Refusal.unauthorized("Voltyard"), None),
            (Refusal.unavailable(7), 7.0),
            (Refusal(429, "", (("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"),)), None),
        ],
    )
    def test_tells_with_which_status_it_was_refused(
        self, refusal: Refusal, retry_after_s: float | None
    ) -> None:
        async def story() -> tuple[int, float | None]:
            async def admit(_: Handshake) -> Refusal:
                return refusal

            async with await serve(admit, HOST, 0) as listener:
                with pytest.raises(HandshakeRefused) as refused:
                    await connect(f"ws://{HOST}:{listener.port}/ocpp", "CP1", Recorder())
            return refused.value.status, refused.value.retry_after_s

        assert run(story()) == (refusal.status, retry_after_s)

    @pytest.mark.parametrize(
        "handle",
        [
            answering("SSH-2.0-OpenSSH_9.2"),
            answering("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"),
            answering(*SWITCHING[:3], "Sec-WebSocket-Accept: bm8="),
            answering(*SWITCHING, "Sec-WebSocket-Extensions: permessage-deflate"),
            answering("HTTP/1.1 200 OK", "X: " + "x" * 10_000),
        ],
        ids=["not HTTP", "no accept", "wrong accept", "an extension nobody offered", "a long header"],
    )
    def test_fails_when_the_server_does_not_speak_websocket(self, handle: Handle) -> None:
        async def story() -> None:
            async with tcp_server(handle) as url:
                with pytest.raises(HandshakeFailed):
                    await connect(url, "CP1", Recorder())

        run(story())

    @pytest.mark.parametrize("abruptly", [False, True])
    def test_fails_when_the_server_vanishes(self, abruptly: bool) -> None:
        async def vanish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(1)
            if abruptly:
                writer.transport.abort()

        async def story() -> None:
            async with tcp_server(vanish) as url:
                with pytest.raises(HandshakeFailed):
                    await connect(url, "CP1", Recorder())

        run(story())

    def test_may_be_cancelled_at_any_time(self) -> None:
        async def story() -> list[tuple[int, tuple[int, str]]]:
            endings = []

            async def admit(_: Handshake) -> Admission:
                return Admission(connected=Recorder())

            async with await serve(admit, HOST, 0) as listener:
                for steps in range(12):
                    receiver = Recorder()
                    url = f"ws://{HOST}:{listener.port}/ocpp"
                    attempt = asyncio.create_task(connect(url, "CP1", receiver))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    attempt.cancel()
                    await asyncio.wait([attempt])
                    if not attempt.cancelled():
                        attempt.result().close(1001)
                    if receiver.connections:
                        endings.append((receiver.connections, await receiver.lost()))
            return endings

        # Whoever has been told of a connection is told of its end, and nothing is left behind.
        assert all(ending == (1, (1001, "")) for ending in run(story()))

    def test_that_is_cancelled_when_just_connected_closes_the_connection(self) -> None:
        async def story() -> tuple[int, str]:
            peer = Recorder()

            async def admit(_: Handshake) -> Admission:
                return Admission(connected=peer)

            async with await serve(admit, HOST, 0) as listener:
                receiver = Recorder()
                attempt = asyncio.create_task(connect(f"ws://{HOST}:{listener.port}/ocpp", "CP1", receiver))
                await receiver.opened()
                attempt.cancel()
                await peer.opened()
                return await receiver.lost()

        assert run(story()) == (1001, "")

    def test_fails_when_nobody_listens(self) -> None:
        async def story() -> None:
            async with tcp_server(answering()) as url:
                pass
            with pytest.raises(ConnectionRefusedError):
                await connect(url, "CP1", Recorder())

        run(story())

    def test_does_not_wait_for_a_silent_server_for_ever(self) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async def story() -> None:
            async with tcp_server(silent) as url:
                with pytest.raises(TimeoutError):
                    await connect(url, "CP1", Recorder(), timeout_s=0.02)

        run(story())

    @pytest.mark.parametrize(
        ("url", "identity"),
        [
            ("http://central.example", "CP1"),
            ("ws://", "CP1"),
            ("ws://CP1:secret@central.example", "CP1"),
            ("ws://central.example", ""),
        ],
    )
    def test_refuses_arguments_that_cannot_work(self, url: str, identity: str) -> None:
        async def story() -> None:
            with pytest.raises(ValueError, match=r"."):
                await connect(url, identity, Recorder())

        run(story())

    def test_refuses_tls_settings_for_a_plain_url(self) -> None:
        async def story() -> None:
            with pytest.raises(ValueError, match="wss"):
                await connect("ws://central.example", "CP1", Recorder(), ssl=ssl.create_default_context())

        run(story())

    def test_speaks_tls_to_a_wss_url(self) -> None:
        async def speak_plain_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await reader.read()

        async def story() -> None:
            async with tcp_server(speak_plain_http) as url:
                with pytest.raises(ssl.SSLError):
                    await connect(url.replace("ws:", "wss:"), "CP1", Recorder())

        run(story())


class TestPings:
    def test_that_the_server_does_not_answer_end_the_connection(self) -> None:
        async def story() -> tuple[int, str]:
            async with tcp_server(answering(*SPEAKING_OCPP16)) as url:
                receiver = Recorder()
                await connect(
                    url,
                    "CP1",
                    receiver,
                    limits=HASTY,
                    ping_interval_s=0.01,
                    deadlines=Deadlines(asyncio.get_running_loop(), 0.002),
                )
                return await receiver.lost()

        assert run(story()) == (1006, "no answer to a ping")

    def test_are_not_sent_at_an_interval_of_0(self) -> None:
        async def story() -> tuple[int, bytes]:
            silent = asyncio.Event()
            seen: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await answer(reader, writer, *SPEAKING_OCPP16)
                if not silent.is_set():
                    silent.set()
                    seen.put_nowait(await first_frame(reader))
                else:
                    assert (await first_frame(reader))[0] == PING
                    lively_pinged.set()

            lively_pinged = asyncio.Event()
            deadlines = Deadlines(asyncio.get_running_loop(), 0.002)
            async with tcp_server(handle) as url:
                first = await connect(url, "CP1", Recorder(), ping_interval_s=0, deadlines=deadlines)
                await silent.wait()
                await connect(url, "CP2", Recorder(), ping_interval_s=0.03, deadlines=deadlines)
                await lively_pinged.wait()
                first.send(b"the first frame")
                return await seen.get()

        assert run(story()) == (TEXT, b"the first frame")


class TestReconnecting:
    @staticmethod
    def backoff() -> Backoff:
        return Backoff(lambda: 1.0, initial_s=0.001, cap_s=0.1)

    def test_tries_again_after_404_with_growing_delays(self) -> None:
        async def story() -> tuple[list[tuple[int | None, float]], list[bytes | None]]:
            asked: list[bytes | None] = []
            failures: list[tuple[int | None, float]] = []
            receiver = Recorder()

            async def admit(handshake: Handshake) -> Admission | Refusal:
                asked.append(handshake.authorization)
                return Refusal.unknown() if len(asked) <= 5 else Admission(connected=Recorder())

            def failed(error: OSError | TransportError, retry_in_s: float) -> None:
                failures.append((error.status if isinstance(error, HandshakeRefused) else None, retry_in_s))

            async with await serve(admit, HOST, 0) as listener:
                dial = partial(connect, f"ws://{HOST}:{listener.port}/ocpp", "CP1", password=b"secret")
                async with staying(Reconnecting(dial, receiver, self.backoff(), failed=failed)):
                    await receiver.opened()
            return failures, asked

        failures, asked = run(story())

        assert [status for status, _ in failures] == [404] * 5
        assert all(earlier < later for (_, earlier), (_, later) in pairwise(failures))
        assert asked == [b"Basic " + b64encode(b"CP1:secret")] * 6

    def test_tries_again_when_nobody_listens(self) -> None:
        async def story() -> OSError | TransportError:
            async with tcp_server(answering()) as url:
                pass
            failures: asyncio.Queue[OSError | TransportError] = asyncio.Queue()
            reconnecting = Reconnecting(
                partial(connect, url, "CP1"),
                Recorder(),
                self.backoff(),
                failed=lambda error, _: failures.put_nowait(error),
            )
            async with staying(reconnecting):
                await failures.get()
                return await failures.get()

        assert isinstance(run(story()), ConnectionRefusedError)

    def test_connects_again_after_every_loss(self) -> None:
        async def story() -> tuple[int, list[tuple[int, str]]]:
            peers: asyncio.Queue[Recorder] = asyncio.Queue()

            async def admit(_: Handshake) -> Admission:
                peer = Recorder()
                peers.put_nowait(peer)
                return Admission(connected=peer)

            receiver = Recorder()
            async with await serve(admit, HOST, 0) as listener:
                dial = partial(connect, f"ws://{HOST}:{listener.port}/ocpp", "CP1")
                async with staying(Reconnecting(dial, receiver, self.backoff())):
                    for code in (1001, 1008):
                        (await (await peers.get()).opened()).close(code, "go")
                    await (await peers.get()).opened()
                    return receiver.connections, receiver.losses[:2]

        assert run(story()) == (3, [(1001, "go"), (1008, "go")])

    def test_notices_a_dead_peer_by_its_missing_pongs_and_connects_again(self) -> None:
        async def story() -> list[tuple[int, str]]:
            connections = asyncio.Semaphore(0)

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await answer(reader, writer, *SPEAKING_OCPP16)
                connections.release()
                await reader.read()

            receiver = Recorder()
            deadlines = Deadlines(asyncio.get_running_loop(), 0.002)
            async with tcp_server(handle) as url:
                dial = partial(connect, url, "CP1", limits=HASTY, deadlines=deadlines)
                async with staying(Reconnecting(dial, receiver, self.backoff(), ping_interval_s=0.01)):
                    await connections.acquire()
                    await connections.acquire()
                    return receiver.losses[:1]

        assert run(story()) == [(1006, "no answer to a ping")]

    def test_pings_at_an_interval_that_is_set_while_connected_and_keeps_it(self) -> None:
        async def story() -> list[int]:
            seen: asyncio.Queue[int] = asyncio.Queue()

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await answer(reader, writer, *SPEAKING_OCPP16)
                seen.put_nowait((await first_frame(reader))[0])

            deadlines = Deadlines(asyncio.get_running_loop(), 0.002)
            async with tcp_server(handle) as url:
                dial = partial(connect, url, "CP1", deadlines=deadlines)
                reconnecting = Reconnecting(dial, Recorder(), self.backoff(), ping_interval_s=0)
                async with staying(reconnecting):
                    while reconnecting._connection is None:
                        await asyncio.sleep(0)
                    reconnecting.set_ping_interval(0.01)
                    return [await seen.get(), await seen.get()]

        assert run(story()) == [PING, PING]

    def test_waits_as_long_as_the_server_asks(self) -> None:
        async def story() -> float:
            delays: asyncio.Queue[float] = asyncio.Queue()

            async def dial(_: object) -> WebSocketConnection:
                raise HandshakeRefused(503, "Service Unavailable", retry_after_s=0.05)

            reconnecting = Reconnecting(
                dial, Recorder(), self.backoff(), failed=lambda _, retry_in_s: delays.put_nowait(retry_in_s)
            )
            async with staying(reconnecting):
                return await delays.get()

        assert run(story()) == 0.05

    def test_closes_with_1001_when_it_is_cancelled(self) -> None:
        async def story() -> tuple[int, str]:
            peer, receiver = Recorder(), Recorder()

            async def admit(_: Handshake) -> Admission:
                return Admission(connected=peer)

            async with await serve(admit, HOST, 0) as listener:
                dial = partial(connect, f"ws://{HOST}:{listener.port}/ocpp", "CP1")
                async with staying(Reconnecting(dial, receiver, self.backoff())):
                    await receiver.opened()
                await receiver.lost()
                return await peer.lost()

        assert run(story()) == (1001, "")

    def test_does_not_hide_a_mistake_of_the_caller(self) -> None:
        async def story() -> None:
            dial = partial(connect, "http://central.example", "CP1")
            with pytest.raises(ValueError, match="scheme"):
                await Reconnecting(dial, Recorder(), self.backoff()).run()

        run(story())


@asynccontextmanager
async def staying(reconnecting: Reconnecting) -> AsyncIterator[None]:
    """Stay connected for the time of a block."""
    task = asyncio.create_task(reconnecting.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
