from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aio import Echo, FakeTimers, Recorder, run
from tests.transport.raw import (
    BINARY,
    CLOSE,
    CONT,
    PING,
    PONG,
    TEXT,
    Frame,
    RawClient,
    closing,
    frame,
)
from websockets.protocol import Protocol, Side, State

from voltyard.transport.client import connect
from voltyard.transport.deadlines import Deadlines
from voltyard.transport.handshake import Admission, Handshake
from voltyard.transport.link import Link, Receiver
from voltyard.transport.server import Listener, serve
from voltyard.transport.websocket import Limits, WebSocketConnection

pytestmark = pytest.mark.integration

LIMITS = Limits()
HASTY = Limits(message_timeout_s=0.02, pong_timeout_s=0.02, close_timeout_s=0.02)


@asynccontextmanager
async def listening(
    receiver_of: Callable[[str], Callable[[Link], Receiver]],
    *,
    limits: Limits = LIMITS,
    ping_interval_s: float = 0,
) -> AsyncIterator[Listener]:
    """A listener that admits everybody; `receiver_of` maps an identity to who receives."""

    async def admit(handshake: Handshake) -> Admission:
        return Admission(connected=receiver_of(handshake.identity))

    listener = await serve(
        admit, "127.0.0.1", 0, limits=limits, ping_interval_s=ping_interval_s, resolution_s=0.002
    )
    async with listener:
        yield listener


@asynccontextmanager
async def connected(
    receiver: Recorder, *, limits: Limits = LIMITS, ping_interval_s: float = 0
) -> AsyncIterator[RawClient]:
    """One raw client of a listener, upgraded."""
    async with (
        listening(lambda _: receiver, limits=limits, ping_interval_s=ping_interval_s) as listener,
        await RawClient.upgraded(listener.port) as client,
    ):
        yield client


class TestMessages:
    def test_are_utf_8_text_in_both_directions(self) -> None:
        async def story() -> tuple[Frame, bytes]:
            receiver = Recorder()
            async with connected(receiver) as client:
                client.send(frame(TEXT, "Grüße, 充电".encode()))
                received = await receiver.frames.get()
                receiver.link.send(received)
                return await client.frame(), received

        echoed, received = run(story())

        assert received == "Grüße, 充电".encode()
        assert echoed == (TEXT, "Grüße, 充电".encode(), True)

    @pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
    def test_may_have_any_size_up_to_the_limit(self, size: int) -> None:
        async def story() -> bytes:
            async with connected(Echo()) as client:
                client.send(frame(TEXT, b"x" * size))
                return await client.text()

        assert run(story()) == b"x" * size

    def test_are_put_together_from_fragments_wherever_these_are_cut(self) -> None:
        async def story() -> tuple[list[Frame], bytes]:
            receiver = Recorder()
            async with connected(receiver) as client:
                client.send(
                    frame(TEXT, b"Gr\xc3", fin=False),
                    frame(PING, b"still there?"),
                    frame(CONT, b"", fin=False),
                    frame(CONT, b"\xbc\xc3\x9fe"),
                )
                return [await client.frame()], await receiver.frames.get()

        answered, message = run(story())

        assert message == "Grüße".encode()
        assert answered == [Frame(PONG, b"still there?")]  # R-079, in the middle of a message

    def test_that_arrive_together_are_answered_in_order_and_in_one_write(self) -> None:
        async def story() -> tuple[list[bytes], int]:
            receiver = Echo()
            async with connected(receiver) as client:
                connection = receiver.link
                assert isinstance(connection, WebSocketConnection)
                transport = CountingTransport(connection._transport)
                connection._transport = transport
                client.send(*(frame(TEXT, b"%d" % number) for number in range(50)))
                return [await client.text() for _ in range(50)], transport.writes

        answers, writes = run(story())

        assert answers == [b"%d" % number for number in range(50)]
        assert writes == 1

    def test_that_arrive_byte_by_byte_are_read(self) -> None:
        async def story() -> bytes:
            async with connected(Echo()) as client:
                for byte in frame(TEXT, b"x" * 130):
                    client.send(bytes((byte,)))
                    await client.drain()
                return await client.text()

        assert run(story()) == b"x" * 130

    @pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop], ids=["asyncio"])
    def test_flow_on_the_standard_loop_too(
        self, loop_factory: Callable[[], asyncio.AbstractEventLoop]
    ) -> None:
        async def story() -> tuple[bytes, int]:
            receiver = Echo()
            async with connected(receiver) as client:
                client.send(frame(TEXT, b"x" * 60_000))
                echoed = await client.text()
                receiver.link.close(1001)
                client.send(closing(1001))
                return echoed, await client.closed_with()

        assert run(story(), loop_factory=loop_factory) == (b"x" * 60_000, 1001)


FRAMES = st.builds(
    frame,
    st.integers(0, 15),
    st.binary(max_size=200),
    fin=st.booleans(),
    masked=st.sampled_from([True, True, True, False]),
    reserved=st.sampled_from([0, 0, 0, 1, 2, 4]),
)


class TestWhateverArrives:
    @given(st.lists(FRAMES | st.binary(max_size=20)), st.integers(1, 50))
    @settings(deadline=None)
    def test_nothing_fails_and_the_receiver_is_told_of_the_end_once(
        self, arriving: list[bytes], chunk: int
    ) -> None:
        stream = b"".join(arriving)
        receiver = Recorder()
        timers = FakeTimers()
        connection = WebSocketConnection(
            Sink(),
            Protocol(Side.SERVER, state=State.OPEN, max_size=1000),
            receiver,
            limits=LIMITS,
            deadlines=Deadlines(timers),
            ping_interval_s=30,
            gone=lambda _: None,
        )

        for start in range(0, len(stream), chunk):
            connection.data_received(stream[start : start + chunk])
            timers.advance(1)
        connection.eof_received()
        connection.connection_lost(None)
        timers.advance(1000)

        assert len(receiver.losses) == 1
        assert all(message.decode() is not None for message in queued(receiver.frames))
        assert timers.pending == []


def queued(frames: asyncio.Queue[bytes]) -> list[bytes]:
    return [frames.get_nowait() for _ in range(frames.qsize())]


class Sink(asyncio.Transport):
    """Swallows what is written."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert data

    def write_eof(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def abort(self) -> None:
        pass

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class CountingTransport(asyncio.Transport):
    """Passes on to another transport and counts the writes."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self.writes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes += 1
        self._transport.write(data)

    def write_eof(self) -> None:
        self._transport.write_eof()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def abort(self) -> None:
        self._transport.abort()


class TestHostileFrames:
    @pytest.mark.parametrize(
        ("hostile", "code"),
        [
            (frame(TEXT, b"\xff"), 1007),
            (frame(TEXT, b"\xc0\xae"), 1007),  # overlong
            (frame(TEXT, b"\xed\xa0\x80"), 1007),  # a surrogate
            (frame(TEXT, b"\xc3", fin=False) + frame(CONT, b"x"), 1007),
            (frame(TEXT, b"cut \xf0\x9f\x94"), 1007),
            (frame(BINARY, b"[2]"), 1003),
            (frame(BINARY, b"[2", fin=False), 1003),
            (frame(TEXT, b"[2]", masked=False), 1002),
            (frame(TEXT, b"[2]", reserved=0b100), 1002),
            (frame(TEXT, b"[2]", reserved=0b010), 1002),
            (frame(PING, b"", reserved=0b001), 1002),
            *((frame(opcode, b""), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
            (frame(CONT, b"continues nothing"), 1002),
            (frame(TEXT, b"[", fin=False) + frame(TEXT, b"]"), 1002),
            (frame(PING, b"x" * 126), 1002),
            (frame(PING, b"", fin=False), 1002),
            (closing(999), 1002),
            (closing(1005), 1002),
            (closing(1006), 1002),
            (frame(CLOSE, b"\x03"), 1002),
            (closing(1000, b"\xff"), 1007),
            (frame(TEXT, b"x" * 65_537), 1009),
            (frame(TEXT, b"x" * 65_536, fin=False) + frame(CONT, b"x"), 1009),
            (b"\x81\xff" + (442 * 2**20).to_bytes(8, "big"), 1009),  # announced, never sent
            (b"\x81\xff" + (2**63 - 1).to_bytes(8, "big"), 1009),
            (b"\x81\xff" + (2**64 - 1).to_bytes(8, "big"), 1009),
        ],
    )
    def test_end_the_connection_with(self, hostile: bytes, code: int) -> None:
        async def story() -> tuple[int, tuple[int, str], bool]:
            receiver = Recorder()
            async with connected(receiver) as client:
                client.send(hostile)
                seen = await client.closed_with()
            return seen, await receiver.lost(), receiver.frames.empty()

        seen, (reported, _), nothing_delivered = run(story())

        assert (seen, reported) == (code, code)
        assert nothing_delivered

    def test_do_not_harm_the_message_before_them(self) -> None:
        async def story() -> tuple[bytes, int]:
            receiver = Recorder()
            async with connected(receiver) as client:
                client.send(frame(TEXT, b"[3]"), frame(BINARY, b"\x00"), frame(TEXT, b"never read"))
                code = await client.closed_with()
                assert receiver.frames.qsize() == 1
                return receiver.frames.get_nowait(), code

        assert run(story()) == (b"[3]", 1003)

    def test_of_a_giant_message_are_refused_at_its_head_and_thrown_away(self) -> None:
        async def story() -> tuple[int, int]:
            receiver = Recorder()
            async with connected(receiver) as client:
                client.send(b"\x81\xff" + (442 * 2**20).to_bytes(8, "big") + b"mask")
                for _ in range(8):
                    client.send(b"x" * 2**20)
                    await client.drain()
                connection = receiver.link
                assert isinstance(connection, WebSocketConnection)
                return await client.closed_with(), len(connection._protocol.reader.buffer)

        code, buffered = run(story())

        assert (code, buffered) == (1009, 0)

    def test_of_a_giant_message_in_fragments_are_never_more_than_the_limit(self) -> None:
        async def story() -> int:
            async with connected(Recorder(), limits=replace(LIMITS, message_bytes=10_000)) as client:
                client.send(frame(TEXT, b"x" * 5_000, fin=False))
                client.send(frame(CONT, b"x" * 4_999, fin=False))
                client.send(frame(CONT, b"x" * 2, fin=False))
                return await client.closed_with()

        assert run(story()) == 1009

    @pytest.mark.parametrize("payload", [b"", b"x"], ids=["empty", "one byte"])
    def test_in_too_many_fragments_are_refused(self, payload: bytes) -> None:
        async def story() -> int:
            async with connected(Recorder(), limits=replace(LIMITS, fragments=10)) as client:
                client.send(frame(TEXT, payload, fin=False), *[frame(CONT, payload, fin=False)] * 10)
                return await client.closed_with()

        assert run(story()) == 1009

    @pytest.mark.parametrize(
        "beginning",
        [b"\x81", frame(TEXT, b"half of it")[:-5], frame(TEXT, b"first", fin=False)],
        ids=["a byte", "part of a frame", "a fragment"],
    )
    def test_that_are_never_finished_run_into_a_deadline(self, beginning: bytes) -> None:
        async def story() -> tuple[int, tuple[int, str]]:
            receiver = Recorder()
            async with connected(receiver, limits=replace(HASTY, close_timeout_s=3)) as client:
                client.send(beginning)
                return await client.closed_with(), await receiver.lost()

        assert run(story()) == (1008, (1008, "the message took too long"))

    def test_cannot_stretch_the_deadline_of_a_message_with_control_frames(self) -> None:
        async def story() -> Frame:
            async with connected(Recorder(), limits=replace(HASTY, close_timeout_s=3)) as client:
                client.send(frame(TEXT, b"first", fin=False), frame(PING))
                while (answer := await client.frame()).opcode == PONG:
                    client.send(frame(CONT, b"", fin=False), frame(PING))
                return answer

        assert run(story()) == Frame(CLOSE, b"\x03\xf0the message took too long")

    def test_that_come_late_but_complete_are_no_reason_to_close(self) -> None:
        async def story() -> tuple[Frame, int, bytes]:
            receivers = {"slow": Echo(), "hostile": Echo()}
            async with (
                listening(receivers.__getitem__, limits=replace(LIMITS, message_timeout_s=0.2)) as listener,
                await RawClient.upgraded(listener.port, "/ocpp/slow") as slow,
                await RawClient.upgraded(listener.port, "/ocpp/hostile") as hostile,
            ):
                ping = frame(PING, b"cut in two")
                slow.send(ping[:3])
                await slow.drain()
                slow.send(ping[3:])
                pong = await slow.frame()
                hostile.send(b"\x81")
                code = await hostile.closed_with()  # by now the deadline of `slow` would have passed
                slow.send(frame(TEXT, b"fine"))
                return pong, code, await slow.text()

        assert run(story()) == (Frame(PONG, b"cut in two"), 1008, b"fine")


class TestPings:
    def test_are_answered(self) -> None:
        async def story() -> Frame:
            async with connected(Recorder()) as client:
                client.send(frame(PING, b"payload"))
                return await client.frame()

        assert run(story()) == Frame(PONG, b"payload")

    def test_are_sent_and_a_peer_that_answers_stays(self) -> None:
        async def story() -> tuple[list[int], list[tuple[int, str]]]:
            receiver = Recorder()
            async with connected(receiver, limits=HASTY, ping_interval_s=0.01) as client:
                opcodes = []
                for _ in range(5):
                    opcodes.append((await client.frame()).opcode)
                    client.send(frame(PONG))
                return opcodes, list(receiver.losses)

        assert run(story()) == ([PING] * 5, [])

    def test_that_nobody_answers_end_a_half_open_connection(self) -> None:
        async def story() -> tuple[int, str]:
            receiver = Recorder()
            async with connected(receiver, limits=HASTY, ping_interval_s=0.01):
                return await receiver.lost()

        assert run(story()) == (1006, "no answer to a ping")

    def test_without_an_answer_end_a_frozen_connection_where_they_are_sent(self) -> None:
        async def story(near_interval_s: float, far_interval_s: float) -> list[tuple[int, str]]:
            far, near = Recorder(), Recorder()
            async with listening(lambda _: far, limits=HASTY, ping_interval_s=far_interval_s) as listener:
                url = f"ws://127.0.0.1:{listener.port}/ocpp"
                connection = await connect(url, "CP-1", near, limits=HASTY, ping_interval_s=near_interval_s)
                connection.freeze()
                connection.send(b"to nobody")
                far.link.send(b"to nobody")
                losses = [await (near if near_interval_s else far).lost()]
                connection.close()
                losses.append(await (far if near_interval_s else near).lost())
                assert far.frames.empty()
                assert near.frames.empty()
                return losses

        noticed = (1006, "no answer to a ping")
        assert run(story(0.01, 0)) == [noticed, (1006, "")]
        assert run(story(0, 0.01)) == [noticed, (1000, "")]

    def test_are_answered_by_any_message_too(self) -> None:
        async def story() -> tuple[list[bytes], list[tuple[int, str]]]:
            receiver = Recorder()
            async with connected(receiver, limits=HASTY, ping_interval_s=0.02) as client:
                messages = []
                for number in range(4):
                    assert (await client.frame()).opcode == PING
                    client.send(frame(TEXT, b"%d" % number))
                    messages.append(await receiver.frames.get())
                return messages, list(receiver.losses)

        assert run(story()) == ([b"0", b"1", b"2", b"3"], [])

    def test_are_not_sent_at_an_interval_of_0(self) -> None:
        async def story() -> Frame:
            receivers = {"silent": Recorder(), "lively": Recorder()}
            async with (
                listening(receivers.__getitem__, ping_interval_s=0.01) as listener,
                await RawClient.upgraded(listener.port, "/ocpp/silent") as silent,
                await RawClient.upgraded(listener.port, "/ocpp/lively") as lively,
            ):
                connection = receivers["silent"].link
                assert isinstance(connection, WebSocketConnection)
                connection.set_ping_interval(0)
                for _ in range(3):
                    await lively.frame()
                    lively.send(frame(PONG))
                connection.send(b"the first frame")
                return await silent.frame()

        assert run(story()) == Frame(TEXT, b"the first frame")

    def test_begin_when_the_interval_is_set_on_an_open_connection(self) -> None:
        async def story() -> int:
            receiver = Recorder()
            async with connected(receiver, ping_interval_s=0) as client:
                connection = receiver.link
                assert isinstance(connection, WebSocketConnection)
                connection.set_ping_interval(0.01)
                with pytest.raises(ValueError, match="negative"):
                    connection.set_ping_interval(-1)
                return (await client.frame()).opcode

        assert run(story()) == PING


class TestClosing:
    def test_exchanges_close_frames(self) -> None:
        async def story() -> tuple[Frame, list[tuple[int, str]]]:
            receiver = Recorder()
            async with connected(receiver) as client:
                receiver.link.close(1008, "replaced")
                seen = await client.frame()
                client.send(closing(1008))
                await client.ended()
                await receiver.lost()
                return seen, receiver.losses

        assert run(story()) == (Frame(CLOSE, b"\x03\xf0replaced"), [(1008, "replaced")])

    @pytest.mark.parametrize(
        ("close", "ending"),
        [
            (closing(1000, "tschüß".encode()), (1000, "tschüß")),
            (closing(4001), (4001, "")),
            (frame(CLOSE), (1005, "")),
        ],
    )
    def test_by_the_peer_is_echoed_and_reported_once(self, close: bytes, ending: tuple[int, str]) -> None:
        async def story() -> tuple[Frame, list[tuple[int, str]]]:
            receiver = Recorder()
            async with connected(receiver) as client:
                client.send(close)
                echoed = await client.frame()
                await client.ended()
                await receiver.lost()
            return echoed, receiver.losses

        echoed, losses = run(story())

        assert (echoed.opcode, frame(CLOSE, echoed.payload)) == (CLOSE, close)
        assert losses == [ending]

    def test_waits_for_a_silent_peer_no_longer_than_the_deadline(self) -> None:
        async def story() -> tuple[int, str]:
            receiver = Recorder()
            async with connected(receiver, limits=HASTY):
                receiver.link.close(1008, "replaced")
                return await receiver.lost()

        assert run(story()) == (1008, "replaced")

    def test_comes_after_the_messages_that_were_sent_before(self) -> None:
        async def story() -> list[Frame]:
            receiver = Recorder()
            async with connected(receiver) as client:
                receiver.link.send(b"last words")
                receiver.link.close(1000)
                receiver.link.send(b"dropped")
                receiver.link.close(1002)
                return [await client.frame(), await client.frame()]

        assert run(story()) == [Frame(TEXT, b"last words"), Frame(CLOSE, b"\x03\xe8")]

    def test_by_a_receiver_drops_what_arrives_after(self) -> None:
        class Hasty(Recorder):
            def frame_received(self, frame: bytes) -> None:
                super().frame_received(frame)
                self.link.close(1000)

        async def story() -> tuple[int, int]:
            receiver = Hasty()
            async with connected(receiver) as client:
                client.send(frame(TEXT, b"one"), frame(TEXT, b"two"))
                client.send(frame(TEXT, b"three"), closing(1000))
                return await client.closed_with(), receiver.frames.qsize()

        assert run(story()) == (1000, 1)

    def test_delivers_what_the_peer_sent_together_with_its_close(self) -> None:
        async def story() -> tuple[bytes, int, tuple[int, str]]:
            receiver = Recorder()
            async with connected(receiver) as client:
                client.send(frame(TEXT, b"[3]"), closing(1000))
                return await receiver.frames.get(), await client.closed_with(), await receiver.lost()

        assert run(story()) == (b"[3]", 1000, (1000, ""))

    def test_cuts_a_reason_that_does_not_fit_between_two_characters(self) -> None:
        async def story() -> bytes:
            receiver = Recorder()
            async with connected(receiver) as client:
                receiver.link.close(1008, "ü" * 100)
                return (await client.frame()).payload[2:]

        assert run(story()) == ("ü" * 61).encode()

    @pytest.mark.parametrize("vanish", [RawClient.reset, RawClient.send_eof], ids=["reset", "end of stream"])
    def test_without_a_close_frame_is_reported_as_1006(self, vanish: Callable[[RawClient], None]) -> None:
        async def story() -> list[tuple[int, str]]:
            receiver = Recorder()
            async with connected(receiver) as client:
                vanish(client)
                await receiver.lost()
            return receiver.losses

        assert run(story()) == [(1006, "")]

    def test_by_abort_sends_nothing(self) -> None:
        async def story() -> tuple[bytes, list[tuple[int, str]]]:
            receiver = Recorder()
            async with connected(receiver) as client:
                connection = receiver.link
                assert isinstance(connection, WebSocketConnection)
                connection.abort()
                connection.abort()
                await receiver.lost()
                return await client.ended(), receiver.losses

        assert run(story()) == (b"", [(1006, "")])

    def test_leaves_a_link_on_which_nothing_fails(self) -> None:
        async def story() -> list[tuple[int, str]]:
            receiver = Recorder()
            async with connected(receiver) as client:
                connection = receiver.link
                assert isinstance(connection, WebSocketConnection)
                client.send(closing(1000))
                await client.closed_with()
                await connection.wait_closed()
                await connection.wait_closed()
                connection.send(b"dropped")
                connection.close(1001)
                connection.abort()
                connection.set_ping_interval(0.001)
                return receiver.losses

        assert run(story()) == [(1000, "")]

    def test_by_a_receiver_that_fails_ends_its_connection_only(self) -> None:
        class Faulty(Recorder):
            def frame_received(self, frame: bytes) -> None:
                raise RuntimeError("a bug")

        async def story() -> tuple[tuple[int, str], bytes]:
            receivers: dict[str, Recorder] = {"faulty": Faulty(), "sound": Echo()}
            async with (
                listening(receivers.__getitem__) as listener,
                await RawClient.upgraded(listener.port, "/ocpp/faulty") as faulty,
                await RawClient.upgraded(listener.port, "/ocpp/sound") as sound,
            ):
                faulty.send(frame(TEXT, b"trigger"))
                ending = await receivers["faulty"].lost()
                sound.send(frame(TEXT, b"fine"))
                return ending, await sound.text()

        faults: list[str] = []

        assert run(story(), faults=faults) == ((1006, ""), b"fine")
        assert "a bug" in faults[0]


class TestBackPressure:
    LIMITS = Limits(high_water_bytes=16 * 1024, unsent_bytes=256 * 1024)

    def test_cuts_a_reader_that_leaves_too_much_unread_and_nobody_else(self) -> None:
        async def story() -> tuple[tuple[int, str], bytes]:
            receivers = {"slow": Recorder(), "quick": Echo()}
            async with (
                listening(receivers.__getitem__, limits=self.LIMITS) as listener,
                await RawClient.upgraded(listener.port, "/ocpp/slow", receive_buffer=4096),
                await RawClient.upgraded(listener.port, "/ocpp/quick") as quick,
            ):
                slow = receivers["slow"]
                while not slow.losses:
                    slow.link.send(b"x" * 16 * 1024)
                    quick.send(frame(TEXT, b"fine"))
                    await quick.text()
                return await slow.lost(), b"fine"

        assert run(story())[0] == (1006, "does not read what it is sent")

    def test_reads_nothing_from_a_peer_that_does_not_read(self) -> None:
        async def story() -> tuple[bool, int]:
            receivers = {"slow": Recorder(), "quick": Echo()}
            async with (
                listening(receivers.__getitem__, limits=self.LIMITS) as listener,
                await RawClient.upgraded(listener.port, "/ocpp/slow", receive_buffer=4096) as slow,
                await RawClient.upgraded(listener.port, "/ocpp/quick") as quick,
            ):
                receiver = receivers["slow"]
                connection = receiver.link
                assert isinstance(connection, WebSocketConnection)
                sent = 0
                while not connection._writing_paused:
                    connection.send(b"x" * 16 * 1024)
                    sent += 1
                    quick.send(frame(TEXT, b"turn"))
                    await quick.text()
                slow.send(frame(TEXT, b"a question"))
                for _ in range(3):
                    quick.send(frame(TEXT, b"turn"))
                    await quick.text()
                unread = receiver.frames.empty()
                for _ in range(sent):
                    await slow.text()
                await receiver.frames.get()
                return unread, sent

        unread, sent = run(story())

        assert unread
        assert sent > 1
