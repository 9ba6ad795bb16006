from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Iterator

import pytest
import websockets
from tests.aio import Echo, Recorder, run
from tests.transport.raw import (
    CLOSE,
    OCPP16,
    PING,
    TEXT,
    UPGRADE,
    Frame,
    RawClient,
    Reply,
    closing,
    frame,
    request,
)

from voltyard.transport.handshake import Admission, Handshake, HandshakeLimits, Refusal
from voltyard.transport.server import Listener, RefusedHandshake, serve
from voltyard.transport.websocket import Limits

pytestmark = pytest.mark.integration

HOST = "127.0.0.1"
RESOLUTION_S = 0.002
HASTY = Limits(close_timeout_s=0.02)


class Gate:
    """Admits with a verdict per identity, and remembers who asked."""

    def __init__(self, **verdicts: Admission | Refusal) -> None:
        self.asked: list[Handshake] = []
        self._verdicts = verdicts

    async def __call__(self, handshake: Handshake) -> Admission | Refusal:
        self.asked.append(handshake)
        return self._verdicts.get(handshake.identity, Refusal.unknown())


class SlowGate(Gate):
    """Decides when told; notices when nobody waits for the decision any more."""

    def __init__(self, **verdicts: Admission | Refusal) -> None:
        super().__init__(**verdicts)
        self.entered = asyncio.Event()
        self.decide = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, handshake: Handshake) -> Admission | Refusal:
        self.entered.set()
        try:
            await self.decide.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return await super().__call__(handshake)


async def answer_to(listener: Listener, *sent: bytes) -> Reply:
    """Send raw bytes and return the head of the HTTP response, after which the connection must end."""
    async with await RawClient.dial(listener.port) as client:
        client.send(*sent)
        reply = await client.reply()
        await client.ended()
        return reply


class TestUpgrade:
    def test_selects_ocpp_1_6(self) -> None:
        async def story() -> tuple[Reply, bytes]:
            async with (
                await serve(Gate(CP1=Admission(connected=Echo())), HOST, 0) as listener,
                await RawClient.dial(listener.port) as client,
            ):
                client.send(request("/ocpp/CP1", *UPGRADE, "Sec-WebSocket-Protocol: ocpp1.6, ocpp1.5"))
                reply = await client.reply()
                client.send(frame(TEXT, b"hello"))
                return reply, await client.text()

        reply, echoed = run(story())

        assert (reply.status, reply.headers["sec-websocket-protocol"]) == (101, "ocpp1.6")
        assert echoed == b"hello"

    def test_works_for_an_independent_client_that_would_like_compression(self) -> None:
        async def story() -> tuple[str | bytes, str | None, list[str]]:
            async with (
                await serve(Gate(CP1=Admission(connected=Echo())), HOST, 0) as listener,
                websockets.connect(
                    f"ws://{HOST}:{listener.port}/ocpp/CP1",
                    subprotocols=[websockets.Subprotocol("ocpp2.0"), websockets.Subprotocol("ocpp1.6")],
                    compression="deflate",
                ) as client,
            ):
                await client.send("Grüße")
                echoed = await client.recv()
                await (await client.ping())
                return echoed, client.subprotocol, [str(each) for each in client.protocol.extensions]

        assert run(story()) == ("Grüße", "ocpp1.6", [])

    @pytest.mark.parametrize(
        "offer", [["Sec-WebSocket-Protocol: ocpp9.9"], ["Sec-WebSocket-Protocol: ocpp1.5, ocpp2.0"], []]
    )
    def test_without_a_common_subprotocol_is_completed_without_the_header_and_closed(
        self, offer: list[str]
    ) -> None:
        async def story() -> tuple[Reply, Frame, Recorder, list[RefusedHandshake]]:
            receiver = Recorder()
            refused: list[RefusedHandshake] = []
            async with (
                await serve(
                    Gate(CP1=Admission(connected=receiver)), HOST, 0, refused=refused.append
                ) as listener,
                await RawClient.dial(listener.port) as client,
            ):
                client.send(request("/ocpp/CP1", *UPGRADE, *offer))
                reply, close = await client.reply(), await client.frame()
                client.send(closing(1002))
                await client.ended()
                return reply, close, receiver, refused

        reply, close, receiver, refused = run(story())

        assert reply.status == 101
        assert "sec-websocket-protocol" not in reply.headers
        assert close == Frame(CLOSE, b"\x03\xeathe subprotocol must be ocpp1.6")
        assert receiver.connections == 0
        assert [(attempt.identity, attempt.status) for attempt in refused] == [("CP1", 101)]

    def test_without_any_offer_is_accepted_where_admission_assumes_ocpp_1_6(self) -> None:
        async def story() -> tuple[Reply, bytes]:
            gate = Gate(CP1=Admission(connected=Echo(), assume_ocpp16=True))
            async with (
                await serve(gate, HOST, 0) as listener,
                await RawClient.dial(listener.port) as client,
            ):
                client.send(request("/ocpp/CP1", *UPGRADE))
                reply = await client.reply()
                client.send(frame(TEXT, b"hello"))
                return reply, await client.text()

        reply, echoed = run(story())

        assert "sec-websocket-protocol" not in reply.headers
        assert echoed == b"hello"

    def test_assuming_ocpp_1_6_does_not_accept_another_version(self) -> None:
        async def story() -> Frame:
            gate = Gate(CP1=Admission(connected=Echo(), assume_ocpp16=True))
            async with (
                await serve(gate, HOST, 0) as listener,
                await RawClient.dial(listener.port) as client,
            ):
                client.send(request("/ocpp/CP1", *UPGRADE, "Sec-WebSocket-Protocol: ocpp1.5"))
                await client.reply()
                return await client.frame()

        assert run(story()).opcode == CLOSE

    def test_waits_for_admission_and_keeps_what_arrives_meanwhile(self) -> None:
        async def story() -> bytes:
            gate = SlowGate(CP1=Admission(connected=Echo()))
            async with (
                await serve(gate, HOST, 0) as listener,
                await RawClient.dial(listener.port) as client,
            ):
                early = frame(TEXT, b"impatient")
                client.send(request("/ocpp/CP1", *UPGRADE, OCPP16), early[:4])
                await gate.entered.wait()
                client.send(early[4:])
                gate.decide.set()
                assert (await client.reply()).status == 101
                return await client.text()

        assert run(story()) == b"impatient"

    def test_takes_the_ping_interval_from_admission(self) -> None:
        async def story() -> int:
            gate = Gate(CP1=Admission(connected=Recorder(), ping_interval_s=0.01))
            async with (
                await serve(gate, HOST, 0, resolution_s=RESOLUTION_S) as listener,
                await RawClient.upgraded(listener.port) as client,
            ):
                return (await client.frame()).opcode

        assert run(story()) == PING

    def test_takes_the_ping_interval_of_the_listener_otherwise(self) -> None:
        async def story() -> int:
            gate = Gate(CP1=Admission(connected=Recorder()))
            async with (
                await serve(gate, HOST, 0, ping_interval_s=0.01, resolution_s=RESOLUTION_S) as listener,
                await RawClient.upgraded(listener.port) as client,
            ):
                return (await client.frame()).opcode

        assert run(story()) == PING


class TestAdmission:
    def test_is_told_everything_about_the_request(self) -> None:
        async def story() -> list[Handshake]:
            gate = Gate()
            async with await serve(gate, HOST, 0) as listener:
                authorization = "Authorization: Basic " + b64encode(b"RDAM 123:\xff:\x00").decode()
                await answer_to(listener, request("/ocpp/RDAM%20123?v=1", *UPGRADE, authorization, OCPP16))
            return gate.asked

        [handshake] = run(story())

        assert handshake.identity == "RDAM 123"
        assert handshake.path == "/ocpp/RDAM%20123?v=1"
        assert handshake.remote_address == HOST
        assert handshake.subprotocols == ("ocpp1.6",)
        assert handshake.credentials is not None
        assert handshake.credentials.password == b"\xff:\x00"
        assert handshake.tls is None

    @pytest.mark.parametrize(
        ("refusal", "header"),
        [
            (Refusal.unknown(), ("connection", "close")),
            (Refusal.unauthorized("Voltyard"), ("www-authenticate", 'Basic realm="Voltyard"')),
            (Refusal.too_many_attempts(60), ("retry-after", "60")),
            (Refusal.unavailable(5), ("retry-after", "5")),
        ],
    )
    def test_refuses_before_the_upgrade(self, refusal: Refusal, header: tuple[str, str]) -> None:
        async def story() -> tuple[Reply, list[RefusedHandshake]]:
            refused: list[RefusedHandshake] = []
            async with await serve(Gate(CP1=refusal), HOST, 0, refused=refused.append) as listener:
                return await answer_to(listener, request("/ocpp/CP1", *UPGRADE, OCPP16)), refused

        reply, refused = run(story())

        assert reply.status == refusal.status
        assert header in reply.headers.items()
        assert refused == [RefusedHandshake(HOST, "CP1", refusal.status, refusal.reason)]

    def test_that_refuses_has_no_effect_on_a_live_session_of_that_identity(self) -> None:
        async def story() -> tuple[bytes, list[tuple[int, str]]]:
            receiver = Echo()
            verdicts: Iterator[Admission | Refusal] = iter(
                [Admission(connected=receiver), Refusal.unauthorized("Voltyard")]
            )

            async def admit(_: Handshake) -> Admission | Refusal:
                return next(verdicts)

            async with (
                await serve(admit, HOST, 0) as listener,
                await RawClient.upgraded(listener.port) as client,
            ):
                assert (await answer_to(listener, request("/ocpp/CP1", *UPGRADE, OCPP16))).status == 401
                client.send(frame(TEXT, b"still here"))
                return await client.text(), list(receiver.losses)

        assert run(story()) == (b"still here", [])

    @pytest.mark.parametrize(
        ("received", "status"),
        [
            (request("/ocpp/" + "x" * 49, *UPGRADE, OCPP16), 400),
            (request("/ocpp/%2e%2e%2f", *UPGRADE, OCPP16), 400),
            (request("/elsewhere/CP1", *UPGRADE, OCPP16), 404),
            (request("/ocpp/CP1", *UPGRADE, "X: " + "x" * 100_000), 431),
            (request("/ocpp/CP1", *UPGRADE, *(f"X-{number}: 1" for number in range(10_000))), 431),
            (request("/ocpp/CP1"), 426),
            (b"\x00\x01\x02\r\n\r\n", 400),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_is_not_asked_about_what_is_no_handshake(self, received: bytes, status: int) -> None:
        async def story() -> tuple[Reply, list[Handshake], list[RefusedHandshake]]:
            gate = Gate()
            refused: list[RefusedHandshake] = []
            async with await serve(gate, HOST, 0, refused=refused.append) as listener:
                return await answer_to(listener, received), gate.asked, refused

        reply, asked, refused = run(story())

        assert reply.status == status  # F32, F35
        assert asked == []
        assert [(attempt.identity, attempt.status) for attempt in refused] == [(None, status)]

    def test_is_called_off_when_the_charge_point_leaves(self) -> None:
        async def story() -> bool:
            gate = SlowGate()
            async with await serve(gate, HOST, 0) as listener:
                async with await RawClient.dial(listener.port) as client:
                    client.send(request("/ocpp/CP1", *UPGRADE, OCPP16))
                    await gate.entered.wait()
                return await gate.cancelled.wait()

        assert run(story())

    def test_that_fails_costs_this_attempt_only(self, caplog: pytest.LogCaptureFixture) -> None:
        async def admit(_: Handshake) -> Admission | Refusal:
            raise RuntimeError("the database is on fire")

        async def story() -> list[Reply]:
            async with await serve(admit, HOST, 0) as listener:
                return [await answer_to(listener, request("/ocpp/CP1", *UPGRADE, OCPP16)) for _ in range(2)]

        statuses = [reply.status for reply in run(story())]

        assert statuses == [500, 500]
        assert "the database is on fire" in caplog.text

    def test_whose_receiver_cannot_be_made_cuts_the_connection(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken(_: object) -> Recorder:
            raise RuntimeError("no receiver today")

        async def story() -> bytes:
            async with (
                await serve(Gate(CP1=Admission(connected=broken)), HOST, 0) as listener,
                await RawClient.upgraded(listener.port) as client,
            ):
                return await client.ended()

        assert run(story()) == b""
        assert "no receiver today" in caplog.text


class TestSlowAttempts:
    TIMEOUT = HandshakeLimits(timeout_s=0.02)

    @pytest.mark.parametrize(
        "dribble", [b"", b"G", b"GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "a byte", "half"]
    )
    def test_run_into_a_deadline(self, dribble: bytes) -> None:
        async def story() -> tuple[Reply, list[RefusedHandshake]]:
            refused: list[RefusedHandshake] = []
            async with await serve(
                Gate(),
                HOST,
                0,
                handshake_limits=self.TIMEOUT,
                refused=refused.append,
                resolution_s=RESOLUTION_S,
            ) as listener:
                return await answer_to(listener, dribble), refused

        reply, refused = run(story())

        assert reply.status == 408  # F32
        assert refused == [RefusedHandshake(HOST, None, 408, "no complete request in time")]

    def test_cannot_stretch_the_deadline_byte_by_byte(self) -> None:
        async def dribble(client: RawClient) -> None:
            while True:
                client.send(b"X")
                await client.drain()
                await asyncio.sleep(0)

        async def story() -> int:
            limits = HandshakeLimits(timeout_s=0.02, head_bytes=2**30)
            async with (
                await serve(Gate(), HOST, 0, handshake_limits=limits, resolution_s=RESOLUTION_S) as listener,
                await RawClient.dial(listener.port) as client,
            ):
                dribbling = asyncio.create_task(dribble(client))
                reply = await client.reply()
                dribbling.cancel()
                await asyncio.gather(dribbling, return_exceptions=True)
                return reply.status

        assert run(story()) == 408

    def test_to_decide_are_answered_with_503(self) -> None:
        async def story() -> tuple[Reply, bool]:
            gate = SlowGate()
            async with await serve(
                gate, HOST, 0, handshake_limits=self.TIMEOUT, resolution_s=RESOLUTION_S
            ) as listener:
                reply = await answer_to(listener, request("/ocpp/CP1", *UPGRADE, OCPP16))
                return reply, await gate.cancelled.wait()

        reply, cancelled = run(story())

        assert (reply.status, cancelled) == (503, True)

    def test_to_close_after_a_refusal_are_cut(self) -> None:
        async def story() -> Reply:
            async with (
                await serve(Gate(), HOST, 0, limits=HASTY, resolution_s=RESOLUTION_S) as listener,
                await RawClient.dial(listener.port) as client,
            ):
                client.send(request("/ocpp/CP1", *UPGRADE, OCPP16))
                reply = await client.reply()
                client.send(b"more")  # and never the end of the stream
                await listener.close(deadline_s=60)
                return reply

        assert run(story()).status == 404

    def test_may_not_send_much_before_the_upgrade(self) -> None:
        async def story() -> Reply:
            limits = HandshakeLimits(early_bytes=1000)
            gate = SlowGate()
            async with (
                await serve(gate, HOST, 0, handshake_limits=limits) as listener,
                await RawClient.dial(listener.port) as client,
            ):
                client.send(request("/ocpp/CP1", *UPGRADE, OCPP16))
                await gate.entered.wait()
                client.send(b"x" * 1001)
                reply = await client.reply()
                await gate.cancelled.wait()
                return reply

        assert run(story()).status == 400

    def test_are_limited_per_address(self) -> None:
        async def story() -> tuple[bytes, list[RefusedHandshake], int]:
            refused: list[RefusedHandshake] = []
            gate = Gate(CP1=Admission(connected=Recorder()))
            limits = HandshakeLimits(per_address=2)
            async with (
                await serve(gate, HOST, 0, handshake_limits=limits, refused=refused.append) as listener,
                await RawClient.dial(listener.port) as first,
                await RawClient.dial(listener.port),
            ):
                async with await RawClient.dial(listener.port) as third:
                    nothing = await third.ended()
                first.send(request("/ocpp/CP1", *UPGRADE, OCPP16))
                status = (await first.reply()).status  # an open connection is no attempt any more
                async with await RawClient.upgraded(listener.port):
                    return nothing, refused, status

        assert run(story()) == (
            b"",
            [RefusedHandshake(HOST, None, 429, "no room for another handshake")],
            101,
        )


class TestClosing:
    def test_sends_everybody_away_with_1001(self) -> None:
        async def story() -> tuple[list[Frame], list[tuple[int, str]]]:
            receivers = [Recorder(), Recorder()]
            gate = Gate(CP1=Admission(connected=receivers[0]), CP2=Admission(connected=receivers[1]))
            listener = await serve(gate, HOST, 0)
            async with (
                await RawClient.upgraded(listener.port, "/ocpp/CP1") as first,
                await RawClient.upgraded(listener.port, "/ocpp/CP2") as second,
            ):
                closing_down = asyncio.create_task(listener.close())
                frames = []
                for client in (first, second):
                    frames.append(await client.frame())
                    client.send(closing(1001))
                    await client.ended()
                await closing_down
                return frames, [await receiver.lost() for receiver in receivers]

        frames, losses = run(story())

        assert frames == [Frame(CLOSE, b"\x03\xe9the central system is going away")] * 2
        assert losses == [(1001, "the central system is going away")] * 2

    def test_does_not_wait_for_ever(self) -> None:
        async def story() -> list[tuple[int, str]]:
            receiver = Recorder()
            listener = await serve(Gate(CP1=Admission(connected=receiver)), HOST, 0)
            async with await RawClient.upgraded(listener.port):
                await listener.close(deadline_s=0.02)
                return receiver.losses

        assert run(story()) == [(1001, "the central system is going away")]

    def test_does_not_wait_for_ever_for_attempts_in_progress_either(self) -> None:
        async def story() -> int:
            gate = SlowGate()
            listener = await serve(gate, HOST, 0, limits=Limits(close_timeout_s=60))
            async with await RawClient.dial(listener.port) as client:
                client.send(request("/ocpp/CP1", *UPGRADE, OCPP16))
                await gate.entered.wait()
                await listener.close(deadline_s=0.02)
                return (await client.reply()).status

        assert run(story()) == 503

    def test_answers_attempts_in_progress_with_503_and_takes_no_more(self) -> None:
        async def story() -> tuple[int, bool]:
            gate = SlowGate()
            listener = await serve(gate, HOST, 0)
            async with await RawClient.dial(listener.port) as client:
                client.send(request("/ocpp/CP1", *UPGRADE, OCPP16))
                await gate.entered.wait()
                closing_down = asyncio.create_task(listener.close())
                reply = await client.reply()
                await client.ended()
                await closing_down
            with pytest.raises(ConnectionRefusedError):
                await RawClient.dial(listener.port)
            return reply.status, gate.cancelled.is_set()

        assert run(story()) == (503, True)

    def test_twice_is_harmless(self) -> None:
        async def story() -> None:
            listener = await serve(Gate(), HOST, 0)
            await listener.close()
            await listener.close()

        run(story())

    def test_a_listener_that_is_gone_leaves_nothing_behind(self) -> None:
        async def story() -> set[str]:
            before = asyncio.all_tasks()
            gate = Gate(CP1=Admission(connected=Echo()))
            async with (
                await serve(gate, HOST, 0) as listener,
                await RawClient.upgraded(listener.port) as client,
            ):
                client.send(closing(1000))
                await client.closed_with()
            return {repr(task) for task in asyncio.all_tasks() - before}

        assert run(story()) == set()


def anonymous_tls(side: int) -> ssl.SSLContext:
    """TLS 1.2 without certificates, which is all these tests need of it."""
    context = ssl.SSLContext(side)
    if side == ssl.PROTOCOL_TLS_CLIENT:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


class TestTls:
    def test_tells_admission_about_the_session(self) -> None:
        async def story() -> tuple[list[Handshake], str | bytes]:
            gate = Gate(CP1=Admission(connected=Echo()))
            async with (
                await serve(gate, HOST, 0, ssl=anonymous_tls(ssl.PROTOCOL_TLS_SERVER)) as listener,
                websockets.connect(
                    f"wss://{HOST}:{listener.port}/ocpp/CP1",
                    ssl=anonymous_tls(ssl.PROTOCOL_TLS_CLIENT),
                    subprotocols=[websockets.Subprotocol("ocpp1.6")],
                ) as client,
            ):
                await client.send("hello")
                return gate.asked, await client.recv()

        [handshake], echoed = run(story())

        assert handshake.tls is not None
        assert (handshake.tls.version, handshake.tls.cipher) == ("TLSv1.2", "AECDH-AES256-SHA")
        assert handshake.tls.peer_certificate is None
        assert echoed == "hello"


@pytest.mark.parametrize("refuse", [False, True], ids=["admitted", "refused"])
def test_nothing_of_the_credentials_is_logged(refuse: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        verdict = Refusal.unauthorized("Voltyard") if refuse else Admission(connected=Echo())
        async with (
            await serve(Gate(CP1=verdict), HOST, 0) as listener,
            await RawClient.dial(listener.port) as client,
        ):
            authorization = "Authorization: Basic " + b64encode(b"CP1:secret").decode()
            client.send(request("/ocpp/CP1", *UPGRADE, authorization, OCPP16))
            await client.reply()

    with caplog.at_level("DEBUG", logger="voltyard"), caplog.at_level("DEBUG", logger="websockets"):
        run(story())

    assert b64encode(b"CP1:secret").decode() not in caplog.text
