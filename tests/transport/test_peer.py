"""Conversations over a connection in memory, in virtual time: nothing here waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.aio import Recorder
from tests.chargepoint.virtual_time import run, story

from voltyard.protocol.codec import Compliance
from voltyard.protocol.errors import CallError, ErrorCode, InvalidPayload
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    ChangeConfiguration,
    ConfigurationStatus,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    Reset,
    ResetResponse,
    ResetStatus,
    ResetType,
    UnlockConnector,
)
from voltyard.protocol.payload import Payload
from voltyard.protocol.rpc import CallAnswered, CallReceived, Event, FrameIgnored
from voltyard.transport import memory
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut, Disconnected, HangUp
from voltyard.transport.link import Link
from voltyard.transport.memory import MemoryLink
from voltyard.transport.peer import MAX_WAITING_CALLS, Peer

Respond = Callable[[Peer, CallReceived], Payload | Awaitable[Payload]]

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
BEAT = HeartbeatResponse(current_time=NOON)
BEAT_FRAME = '{"currentTime":"2024-05-17T12:00:00.000Z"}'


class Answering:
    """A responder made of one function."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond


class Witness:
    """Sees what a peer shows: frames both ways, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.events: list[Event] = []

    def received(self, frame: bytes, event: Event) -> None:
        self.seen.append(("in", frame))
        self.events.append(event)

    def sent(self, frame: bytes) -> None:
        self.seen.append(("out", frame))


class FarEnd(Recorder):
    """The other side, frame by frame."""

    def ask(self, id: str, action: str = "Heartbeat", payload: str = "{}") -> None:
        self.link.send(f'[2,"{id}","{action}",{payload}]'.encode())

    def answer(self, id: str, payload: str = "{}") -> None:
        self.link.send(f'[3,"{id}",{payload}]'.encode())

    async def frame(self) -> list[Any]:
        """The next frame that arrives."""
        frame: list[Any] = json.loads(await self.frames.get())
        return frame

    async def asked(self, action: str) -> str:
        """The id of the next CALL, which must be for this action."""
        kind, id, name, _ = await self.frame()
        assert (kind, name) == (2, action)
        return str(id)


def beat(_peer: Peer, _call: CallReceived) -> Payload:
    return BEAT


def connected(
    respond: Respond = beat,
    *,
    observer: Witness | None = None,
    compliance: Compliance = Compliance.TOLERANT,
) -> tuple[Peer, FarEnd, MemoryLink]:
    """Return a peer, who it talks to, and its own link."""
    far = FarEnd()
    peers: list[Peer] = []

    def build(link: Link) -> Peer:
        peers.append(Peer(link, Answering(respond), observer=observer, compliance=compliance))
        return peers[0]

    link, _ = memory.connect(build, far)
    return peers[0], far, link


async def settled() -> None:
    """Let everything happen that can happen without time passing."""
    await asyncio.sleep(0.001)


# Our calls.


@story
async def test_a_request_gets_the_response_of_its_type() -> None:
    peer, far, _ = connected()
    call = asyncio.create_task(peer.call(Reset(type=ResetType.SOFT)))

    kind, id, action, payload = await far.frame()
    far.answer(id, '{"status":"Accepted"}')

    assert (kind, action, payload) == (2, "Reset", {"type": "Soft"})
    assert await call == ResetResponse(status=ResetStatus.ACCEPTED)


@story
async def test_ids_are_short_enough_and_never_used_twice() -> None:
    """R-045, R-047."""
    ids = []
    for _ in range(3):
        peer, far, link = connected()
        for _ in range(5):
            call = asyncio.create_task(peer.call(Heartbeat()))
            ids.append(await far.asked("Heartbeat"))
            far.answer(ids[-1], BEAT_FRAME)
            await call
        link.close()

    assert len(set(ids)) == 15
    assert max(map(len, ids)) <= 36


@story
async def test_the_next_request_leaves_only_when_the_one_before_is_settled() -> None:
    """R-053."""
    peer, far, _ = connected()
    requests = (Heartbeat(), Authorize(id_tag="x"), Reset(type=ResetType.HARD))
    calls = [asyncio.create_task(peer.call_raw(request.action, b"{}")) for request in requests]

    for request in requests:
        id = await far.asked(request.action)
        await asyncio.sleep(1)
        assert far.frames.empty()
        far.answer(id)

    assert await asyncio.gather(*calls) == [b"{}"] * 3


@story
async def test_a_request_that_breaks_the_specification_is_not_sent() -> None:
    peer, far, _ = connected()

    with pytest.raises(InvalidPayload) as caught:
        await peer.call(UnlockConnector(connector_id=0))
    await settled()

    assert caught.value.path == "$.connectorId"
    assert far.frames.empty()


@story
async def test_a_call_error_is_raised_as_it_came() -> None:
    peer, far, _ = connected()
    call = asyncio.create_task(peer.call(Heartbeat()))

    id = await far.asked("Heartbeat")
    far.link.send(f'[4,"{id}","FormatViolation","no such thing",{{"a":1}}]'.encode())

    with pytest.raises(CallRejected, match="FormatViolation: no such thing") as caught:
        await call
    assert (caught.value.code, caught.value.description) == ("FormatViolation", "no such thing")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"status":"Maybe"}', r"\$\.status: 'Maybe' is no ResetStatus"),
        ("{}", r"\$\.status: this field is missing"),
        ("[]", "the payload is not an object"),
        ('{"status":"Accepted"},1', "a CALLRESULT has 3 elements, not 4"),
        ('{"status":"\\ud800"}', "a lone surrogate"),
    ],
)
def test_an_answer_that_cannot_be_used_fails_the_call_and_nothing_is_sent_back(
    answer: str, reason: str
) -> None:
    async def conversation() -> None:
        peer, far, _ = connected()
        call = asyncio.create_task(peer.call(Reset(type=ResetType.SOFT)))

        far.answer(await far.asked("Reset"), answer)

        with pytest.raises(AnswerInvalid, match=f"^(.*: )?{reason}"):
            await call
        assert far.frames.empty()

    run(conversation())


@pytest.mark.parametrize(
    ("compliance", "accepted"), [(Compliance.TOLERANT, True), (Compliance.STRICT, False)]
)
def test_answers_are_read_as_strictly_as_the_peer_is(compliance: Compliance, accepted: bool) -> None:
    async def conversation() -> None:
        peer, far, _ = connected(compliance=compliance)
        call = asyncio.create_task(peer.call(ChangeConfiguration(key="a", value="b")))

        far.answer(await far.asked("ChangeConfiguration"), '{"status":"Accepted","note":"own field"}')

        if accepted:
            assert (await call).status is ConfigurationStatus.ACCEPTED
        else:
            with pytest.raises(AnswerInvalid):
                await call

    run(conversation())


@story
async def test_what_was_let_pass_in_an_answer_is_told_to_whoever_asks() -> None:
    peer, far, _ = connected()
    calling = asyncio.create_task(peer.call_decoded(Heartbeat()))
    far.answer(await far.asked("Heartbeat"), '{"currentTime":"2024-05-17T12:00:00","more":1}')

    answer = await calling

    assert answer.payload == BEAT
    assert {each.rule for each in answer.deviations} == {"unknown-field", "lenient-date-time"}


@story
async def test_the_time_for_an_answer_runs_from_the_moment_of_sending() -> None:
    peer, far, _ = connected()
    loop = asyncio.get_running_loop()
    first = asyncio.create_task(peer.call_raw("Heartbeat", b"{}", timeout=60))
    second = asyncio.create_task(peer.call_raw("Authorize", b"{}", timeout=10))

    id = await far.asked("Heartbeat")
    await asyncio.sleep(50)
    far.answer(id)
    await first
    sent_at = loop.time()
    with pytest.raises(CallTimedOut):
        await second

    assert loop.time() - sent_at == pytest.approx(10)


@story
async def test_a_call_that_times_out_frees_the_slot_and_its_late_answer_is_harmless() -> None:
    """R-055, R-056."""
    witness = Witness()
    peer, far, _ = connected(observer=witness)
    first = asyncio.create_task(peer.call_raw("Heartbeat", b"{}", timeout=5))
    second = asyncio.create_task(peer.call_raw("Authorize", b"{}", timeout=5))

    late = await far.asked("Heartbeat")
    with pytest.raises(CallTimedOut):
        await first
    id = await far.asked("Authorize")
    far.answer(late, '{"of":"the first"}')
    far.answer(id, '{"of":"the second"}')

    assert await second == b'{"of":"the second"}'
    assert witness.events == [
        FrameIgnored("answers no call in flight"),
        CallAnswered(id, b'{"of":"the second"}'),
    ]


@story
async def test_an_answer_that_comes_with_the_time_out_disturbs_nobody() -> None:
    peer, far, _ = connected()
    loop = asyncio.get_running_loop()
    call = asyncio.create_task(peer.call_raw("Heartbeat", b"{}", timeout=5))
    id = await far.asked("Heartbeat")

    loop.call_at(loop.time() + 5, lambda: peer.frame_received(f'[3,"{id}",{{}}]'.encode()))

    with pytest.raises(CallTimedOut):
        await call


@story
async def test_a_call_that_is_cancelled_before_its_turn_is_never_sent() -> None:
    peer, far, _ = connected()
    calls = [asyncio.create_task(peer.call_raw(name, b"{}")) for name in ("Heartbeat", "Authorize", "Reset")]
    id = await far.asked("Heartbeat")

    calls[1].cancel()
    await settled()
    far.answer(id)
    last = await far.asked("Reset")
    far.answer(last)

    assert await calls[2] == b"{}"
    assert calls[1].cancelled()


@story
async def test_a_call_that_is_cancelled_under_way_frees_the_slot() -> None:
    peer, far, _ = connected()
    call = asyncio.create_task(peer.call_raw("Heartbeat", b"{}", timeout=5))
    await far.asked("Heartbeat")
    call.cancel()

    other = asyncio.create_task(peer.call_raw("Authorize", b"{}", timeout=5))
    far.answer(await far.asked("Authorize"))

    assert await other == b"{}"


@story
async def test_losing_the_connection_fails_every_call_that_waits_and_those_to_come() -> None:
    witness = Witness()
    peer, far, _ = connected(observer=witness)
    calls = [asyncio.create_task(peer.call_raw(name, b"{}")) for name in ("Heartbeat", "Authorize", "Reset")]
    await far.asked("Heartbeat")

    far.link.close(1001, "going away")
    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Disconnected] * 3
    with pytest.raises(Disconnected) as caught:
        await peer.call(Heartbeat())
    assert (caught.value.code, caught.value.reason) == (1001, "going away")
    assert [json.loads(frame)[2] for _, frame in witness.seen] == ["Heartbeat"]


@story
async def test_closing_fails_calls_in_flight() -> None:
    peer, far, _ = connected()
    call = asyncio.create_task(peer.call(Heartbeat()))
    await far.asked("Heartbeat")

    peer.close(1008, "replaced")

    with pytest.raises(Disconnected):
        await call
    assert await far.lost() == (1008, "replaced")


@story
async def test_leaving_waits_for_the_answer_to_the_call_in_flight_and_sends_no_other() -> None:
    peer, far, _ = connected()
    first = asyncio.create_task(peer.call(Heartbeat()))
    second = asyncio.create_task(peer.call(Heartbeat()))
    id = await far.asked("Heartbeat")

    peer.leave(10)
    await settled()
    assert far.losses == []
    far.answer(id, BEAT_FRAME)

    assert await first == BEAT
    with pytest.raises(Disconnected):
        await second
    assert await far.lost() == (1000, "")
    assert far.frames.empty()


@story
async def test_leaving_waits_for_an_answer_only_so_long() -> None:
    peer, far, _ = connected()
    call = asyncio.create_task(peer.call(Heartbeat()))
    await far.asked("Heartbeat")
    began_s = asyncio.get_running_loop().time()

    peer.leave(3)

    with pytest.raises(Disconnected):
        await call
    assert asyncio.get_running_loop().time() - began_s == 3


@story
async def test_who_has_no_call_in_flight_leaves_at_once() -> None:
    peer, far, _ = connected()

    peer.leave(10)

    assert await far.lost() == (1000, "")


# Calls of the peer.


@story
async def test_calls_are_handled_one_at_a_time_and_answered_in_their_order() -> None:
    running: list[str] = []

    async def respond(_peer: Peer, call: CallReceived) -> Payload:
        running.append(call.id)
        assert len(running) == 1
        await asyncio.sleep(10 - int(call.id))
        running.remove(call.id)
        return BEAT

    _, far, _ = connected(respond)
    for number in range(10):
        far.ask(str(number))

    assert [(await far.frame())[:2] for _ in range(10)] == [[3, str(number)] for number in range(10)]


@story
async def test_answers_may_be_values_coroutines_and_futures() -> None:
    async def later() -> Payload:
        return BEAT

    def respond(_peer: Peer, call: CallReceived) -> Payload | Awaitable[Payload]:
        match call.action:
            case "Heartbeat":
                return BEAT
            case "Authorize":
                return later()
            case _:
                future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
                future.set_result(BEAT)
                return future

    _, far, _ = connected(respond)
    actions = ["Heartbeat", "Authorize", "Heartbeat", "Reset", "Authorize", "Heartbeat"]
    for number, action in enumerate(actions):
        far.ask(str(number), action)

    assert [(await far.frame())[:2] for _ in actions] == [[3, str(number)] for number in range(6)]


@story
async def test_a_handler_may_call_back_and_wait() -> None:
    """R-054: neither side waits for the other for ever, however often."""
    _, far, _ = connected(lambda peer, _call: _asking_first(peer))

    for number in range(100):
        far.ask(str(number))
        id = await far.asked("Reset")
        far.answer(id, '{"status":"Accepted"}')
        assert (await far.frame())[:2] == [3, str(number)]

    assert far.frames.empty()


async def _asking_first(peer: Peer) -> Payload:
    await peer.call(Reset(type=ResetType.SOFT))
    return BEAT


@story
async def test_the_peer_is_answered_while_we_wait_for_its_answer() -> None:
    """R-054: a charge point that answers only after it has been answered."""
    peer, far, _ = connected()
    call = asyncio.create_task(peer.call(Reset(type=ResetType.SOFT)))
    id = await far.asked("Reset")

    far.ask("mine")
    assert (await far.frame())[:2] == [3, "mine"]
    far.answer(id, '{"status":"Rejected"}')

    assert (await call).status is ResetStatus.REJECTED


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("error", "code", "description"),
    [
        (CallError(ErrorCode.NOT_SUPPORTED, "no profile"), "NotSupported", "no profile"),
        (CallError(ErrorCode.SECURITY_ERROR, "x" * 300), "SecurityError", "x" * 255),
        (CallError(ErrorCode.GENERIC_ERROR, "\ud800"), "GenericError", "?"),
        (
            InvalidPayload(ErrorCode.TYPE_CONSTRAINT_VIOLATION, "$.idTag", "$.idTag: not a string"),
            "TypeConstraintViolation",
            "$.idTag: not a string",
        ),
        (ValueError("a secret of ours"), "InternalError", ""),
        (TimeoutError(), "InternalError", ""),
    ],
)
def test_a_failing_handler_is_answered_and_the_connection_goes_on(
    error: Exception, code: str, description: str, is_async: bool
) -> None:
    """R-069."""

    async def fail_later() -> Payload:
        await asyncio.sleep(1)
        raise error

    def respond(_peer: Peer, call: CallReceived) -> Payload | Awaitable[Payload]:
        if call.id == "good":
            return BEAT
        if is_async:
            return fail_later()
        raise error

    async def conversation() -> None:
        _, far, _ = connected(respond)
        far.ask("bad")
        far.ask("good")

        assert await far.frame() == [4, "bad", code, description, {}]
        assert (await far.frame())[:2] == [3, "good"]

    with capture_logs() as logs:
        run(conversation())
    assert [log["action"] for log in logs] == (["Heartbeat"] if code == "InternalError" else [])


@pytest.mark.parametrize(
    "response",
    [
        HeartbeatResponse(current_time=datetime(2024, 5, 17)),  # noqa: DTZ001 - without a zone, on purpose
        AuthorizeResponse(id_tag_info=IdTagInfo(status="Welcome")),  # type: ignore[arg-type]  # on purpose
        AuthorizeResponse(
            id_tag_info=IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="far too long " * 2)
        ),
        None,
        {"currentTime": "2024-05-17T12:00:00Z"},
    ],
)
def test_a_response_that_breaks_the_specification_is_an_internal_error(response: Any) -> None:
    """What we write is always strict."""

    async def conversation() -> None:
        _, far, _ = connected(lambda _peer, call: response if call.id == "bad" else BEAT)
        far.ask("bad")
        far.ask("good")

        assert await far.frame() == [4, "bad", "InternalError", "", {}]
        assert (await far.frame())[:2] == [3, "good"]

    with capture_logs() as logs:
        run(conversation())
    assert len(logs) == 1


@story
async def test_who_hangs_up_leaves_this_call_and_those_behind_it_undone() -> None:
    handled: list[str] = []

    async def respond(_peer: Peer, call: CallReceived) -> Payload:
        handled.append(call.id)
        await asyncio.sleep(1)
        raise HangUp(1013, "try again later")

    witness = Witness()
    _, far, _ = connected(respond, observer=witness)
    for id in "abc":
        far.ask(id)

    assert await far.lost() == (1013, "try again later")
    await asyncio.sleep(60)
    assert handled == ["a"]
    assert far.frames.empty()
    assert [way for way, _ in witness.seen] == ["in"] * 3


@story
async def test_a_handler_that_is_cancelled_ends_the_connection() -> None:
    handlers: list[asyncio.Task[Payload]] = []

    async def forever() -> Payload:
        await asyncio.sleep(3600)
        return BEAT

    def respond(_peer: Peer, _call: CallReceived) -> Awaitable[Payload]:
        handlers.append(asyncio.create_task(forever()))
        return handlers[0]

    _, far, _ = connected(respond)
    far.ask("1")
    await settled()

    handlers[0].cancel()

    assert await far.lost() == (1011, "handler was cancelled")
    assert far.frames.empty()


@story
async def test_what_a_handler_answers_after_the_connection_is_lost_is_not_shown_as_sent() -> None:
    async def respond(peer: Peer, _call: CallReceived) -> Payload:
        peer.after_answer(lambda: pytest.fail("nothing was answered"))
        await asyncio.sleep(5)
        return BEAT

    witness = Witness()
    _, far, link = connected(respond, observer=witness)
    far.ask("1")
    far.ask("2")
    await settled()

    link.abort()
    await asyncio.sleep(60)

    assert [way for way, _ in witness.seen] == ["in", "in"]


@story
async def test_too_many_unanswered_calls_end_the_connection() -> None:
    handled: list[str] = []

    async def respond(_peer: Peer, call: CallReceived) -> Payload:
        handled.append(call.id)
        await asyncio.sleep(3600)
        return BEAT

    _, far, _ = connected(respond)
    for number in range(1 + MAX_WAITING_CALLS):
        far.ask(str(number))
    await settled()
    assert far.losses == []

    far.ask("one too many")

    assert await far.lost() == (1008, "too many unanswered calls")
    assert handled == ["0"]


@story
async def test_a_call_repeated_while_it_is_handled_is_handled_once() -> None:
    """R-048."""
    handled: list[str] = []

    async def respond(_peer: Peer, call: CallReceived) -> Payload:
        handled.append(call.id)
        await asyncio.sleep(1)
        return BEAT

    _, far, _ = connected(respond)
    far.ask("1")
    far.ask("1")

    assert (await far.frame())[:2] == [3, "1"]
    await asyncio.sleep(10)
    assert far.frames.empty()
    assert handled == ["1"]


@pytest.mark.parametrize("is_async", [False, True])
def test_what_is_to_follow_an_answer_follows_it(is_async: bool) -> None:
    """The answer must be on its way before a CALL that results from it."""

    async def coroutine() -> Payload:
        await asyncio.sleep(1)
        return BEAT

    def respond(peer: Peer, _call: CallReceived) -> Payload | Awaitable[Payload]:
        for number in range(3):
            peer.after_answer(partial(order.append, number))
        peer.after_answer(lambda: resulting.append(asyncio.create_task(peer.call_raw("Reset", b"{}"))))
        return coroutine() if is_async else BEAT

    resulting: list[asyncio.Task[bytes]] = []
    order: list[int] = []

    async def conversation() -> None:
        _, far, _ = connected(respond)
        far.ask("1")

        assert (await far.frame())[:2] == [3, "1"]
        far.answer(await far.asked("Reset"))
        assert await resulting[0] == b"{}"

    run(conversation())
    assert order == [0, 1, 2]


@story
async def test_what_is_to_follow_an_answer_does_not_follow_a_failure() -> None:
    followed: list[str] = []

    def respond(peer: Peer, call: CallReceived) -> Payload:
        peer.after_answer(lambda: followed.append(call.id))
        if call.id == "bad":
            raise CallError(ErrorCode.NOT_SUPPORTED)
        return BEAT

    _, far, _ = connected(respond)
    far.ask("bad")
    far.ask("good")
    for _ in range(2):
        await far.frame()

    assert followed == ["good"]


# How the peer is read.


@story
async def test_a_change_of_compliance_holds_from_the_next_frame_on() -> None:
    peer, far, _ = connected(compliance=Compliance.STRICT)
    long_id = "x" * 37

    answers = []
    for compliance in (Compliance.STRICT, Compliance.TOLERANT, Compliance.STRICT):
        peer.compliance = compliance
        far.ask(long_id)
        answers.append((await far.frame())[0])

    assert answers == [4, 3, 4]
    assert peer.compliance is Compliance.STRICT


@story
async def test_an_observer_sees_every_frame_in_order_with_what_it_means() -> None:
    witness = Witness()
    peer, far, _ = connected(observer=witness)
    far.ask("1")
    await far.frame()
    call = asyncio.create_task(peer.call_raw("Reset", b"{}"))
    far.answer(id := await far.asked("Reset"))
    await call
    far.link.send(b"[9]")
    await settled()

    assert witness.seen == [
        ("in", b'[2,"1","Heartbeat",{}]'),
        ("out", f'[3,"1",{BEAT_FRAME}]'.encode()),
        ("out", f'[2,"{id}","Reset",{{}}]'.encode()),
        ("in", f'[3,"{id}",{{}}]'.encode()),
        ("in", b"[9]"),
    ]
    assert [type(event).__name__ for event in witness.events] == [
        "CallReceived",
        "CallAnswered",
        "FrameIgnored",
    ]


@story
async def test_malformed_calls_are_refused_without_asking_the_handlers() -> None:
    _, far, _ = connected(lambda _peer, _call: pytest.fail("not a CALL"))

    for frame in (b'[2,"1"]', b'[2,"2",{},{}]', b'[2,"3","Heartbeat",{},{}]', b"{["):
        far.link.send(frame)

    assert [(await far.frame())[:3] for _ in range(3)] == [
        [4, "1", "FormationViolation"],
        [4, "2", "FormationViolation"],
        [4, "3", "FormationViolation"],
    ]
    assert far.frames.empty()


@story
async def test_two_peers_talk_both_ways_at_once() -> None:
    async def slowly(_peer: Peer, call: CallReceived) -> Payload:
        await asyncio.sleep(1)
        return BEAT if call.action == "Heartbeat" else ResetResponse(status=ResetStatus.ACCEPTED)

    ends: list[Peer] = []

    def build(link: Link) -> Peer:
        ends.append(Peer(link, Answering(slowly)))
        return ends[-1]

    memory.connect(build, build)
    station, system = ends

    began = asyncio.get_running_loop().time()
    calls = [station.call(Heartbeat()) for _ in range(5)] + [
        system.call(Reset(type=ResetType.SOFT)) for _ in range(5)
    ]
    answers = await asyncio.gather(*calls)

    assert answers == [BEAT] * 5 + [ResetResponse(status=ResetStatus.ACCEPTED)] * 5
    assert asyncio.get_running_loop().time() - began == pytest.approx(5)
