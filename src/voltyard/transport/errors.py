"""What can go wrong between two ends of a connection, as exceptions that carry the facts."""

from __future__ import annotations


class TransportError(Exception):
    """A connection could not be made or did not do what was asked of it."""


class UnusableRequest(TransportError):
    """What arrived at the server is no opening handshake for this endpoint; answered with `status`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class HandshakeFailed(TransportError):
    """The server did not finish the opening handshake: it vanished or does not speak WebSocket."""


class HandshakeRefused(TransportError):
    """The server answered the opening handshake with an HTTP status other than 101."""

    def __init__(self, status: int, phrase: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"the server refused the handshake: {status} {phrase}")
        self.status = status
        self.phrase = phrase
        self.retry_after_s = retry_after_s


class SubprotocolRefused(TransportError):
    """The server opened the connection without agreeing on `ocpp1.6` (OCPP-J 1.6 §3.2)."""

    def __init__(self, selected: str | None) -> None:
        choice = "no subprotocol" if selected is None else f"the subprotocol {selected!r}"
        super().__init__(f"the server selected {choice}")
        self.selected = selected


class PeerError(Exception):
    """A call that was made and did not get the answer it asked for."""


class CallRejected(PeerError):
    """The peer answered with a CALLERROR; `code` is as it came, see `ErrorCode.from_wire`."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description

    def __str__(self) -> str:
        return f"{self.code}: {self.description}" if self.description else self.code


class AnswerInvalid(PeerError):
    """The peer answered with something that is not the response the specification asks for."""


class CallTimedOut(PeerError):
    """No answer in time; whether the peer acted is not known."""


class Disconnected(PeerError):
    """The connection ended before the answer came; whether the peer acted is not known."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.reason or 'the connection ended'} ({self.code})"


class HangUp(Exception):
    """What a handler raises to have the connection closed instead of answering its CALL."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
