from __future__ import annotations

from voltyard.transport.errors import (
    Disconnected,
    HandshakeRefused,
    SubprotocolRefused,
    TransportError,
    UnusableRequest,
)


def test_a_refusal_says_with_which_status() -> None:
    error = HandshakeRefused(503, "Service Unavailable", retry_after_s=7)

    assert str(error) == "the server refused the handshake: 503 Service Unavailable"
    assert (error.status, error.phrase, error.retry_after_s) == (503, "Service Unavailable", 7)


def test_a_refused_subprotocol_says_which_one_was_selected() -> None:
    assert str(SubprotocolRefused("ocpp2.0")) == "the server selected the subprotocol 'ocpp2.0'"
    assert str(SubprotocolRefused(None)) == "the server selected no subprotocol"


def test_a_lost_connection_says_why_if_that_is_known() -> None:
    assert str(Disconnected(1008, "replaced")) == "replaced (1008)"
    assert str(Disconnected(1006, "")) == "the connection ended (1006)"


def test_an_unusable_request_knows_its_answer() -> None:
    error = UnusableRequest(404, "no OCPP endpoint here")

    assert str(error) == "404: no OCPP endpoint here"
    assert (error.status, error.reason) == (404, "no OCPP endpoint here")
    assert isinstance(error, TransportError)
