from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.transport.raw import OCPP16, UPGRADE, request

from voltyard.transport.errors import UnusableRequest
from voltyard.transport.handshake import (
    DEFAULT_HANDSHAKE_LIMITS,
    BasicCredentials,
    Handshake,
    HandshakeLimits,
    Refusal,
    ServerHandshake,
    choose_subprotocol,
    parse_basic,
    parse_identity,
    read_handshake,
    refusal_response,
)

HEADERS = [header.encode() for header in UPGRADE]


def judged(received: bytes, endpoint: str = "/ocpp") -> Handshake:
    complete = ServerHandshake(DEFAULT_HANDSHAKE_LIMITS).receive(received)
    assert complete is not None
    return read_handshake(complete, endpoint, "192.0.2.1", None)


def status_of(received: bytes) -> int:
    try:
        judged(received)
    except UnusableRequest as error:
        return error.status
    return 101


def basic(credentials: bytes) -> bytes:
    return b"Basic " + b64encode(credentials)


class TestIdentity:
    @pytest.mark.parametrize(
        ("target", "identity"),
        [
            ("/ocpp/CP1", "CP1"),
            ("/ocpp/RDAM%20123", "RDAM 123"),  # the example of OCPP-J 1.6 §3.1.1
            ("/ocpp/cp1", "cp1"),
            ("/ocpp/CP1/", "CP1"),
            ("/ocpp/CP1?version=7", "CP1"),
            ("/ocpp/CP1/?x=/y/z", "CP1"),
            ("/ocpp/a+b", "a+b"),
            ("/ocpp/%41%2a-_%3D%3a%2B%7C%40.%20z", "A*-_=:+|@. z"),
            ("/ocpp/" + "x" * 48, "x" * 48),
            ("/ocpp/" + "%41" * 48, "A" * 48),
        ],
    )
    def test_is_the_last_path_segment_percent_decoded_once(self, target: str, identity: str) -> None:
        assert parse_identity(target, "/ocpp") == identity

    @pytest.mark.parametrize(
        "target",
        [
            "/ocpp/" + "x" * 49,
            "/ocpp//",
            "/ocpp/%2541",  # would need decoding twice
            "/ocpp/a%2Fb",  # split before decoding, so this is a slash inside
            "/ocpp/%2e%2e%2f",
            "/ocpp/..",
            "/ocpp/%2e",
            "/ocpp/%00",
            "/ocpp/CP%1",
            "/ocpp/CP%",
            "/ocpp/CP%zz",
            "/ocpp/CP%0d%0aX",
            "/ocpp/%c0%ae",  # an overlong full stop
            "/ocpp/%D0%A1P1",  # a Cyrillic letter that looks Latin
            "/ocpp/CP#1",
            "/ocpp/CP1%3Bx",
        ],
    )
    def test_outside_the_allowed_set_is_answered_with_400(self, target: str) -> None:
        with pytest.raises(UnusableRequest) as refused:
            parse_identity(target, "/ocpp")

        assert refused.value.status == 400

    @pytest.mark.parametrize(
        "target",
        [
            "/",
            "/CP1",
            "/ocpp",
            "/ocpp/",
            "/OCPP/CP1",
            "/ocpp/a/CP1",
            "/ocpp2/CP1",
            "//ocpp/CP1",
            "*",
            "http://central.example/ocpp/CP1",
        ],
    )
    def test_at_any_other_path_is_answered_with_404(self, target: str) -> None:
        with pytest.raises(UnusableRequest) as refused:
            parse_identity(target, "/ocpp")

        assert refused.value.status == 404

    @pytest.mark.parametrize(
        ("endpoint", "target"),
        [("", "/CP1"), ("/", "/CP1"), ("/a/ocpp16", "/a/ocpp16/CP1"), ("/ocpp/", "/ocpp/CP1")],
    )
    def test_stands_below_a_path_that_is_configured(self, endpoint: str, target: str) -> None:
        assert parse_identity(target, endpoint) == "CP1"


class TestBasicAuthentication:
    @pytest.mark.parametrize(
        ("header", "credentials"),
        [
            (basic(b"CP1:secret"), BasicCredentials("CP1", b"secret")),
            (basic(b"CP1:a:b:"), BasicCredentials("CP1", b"a:b:")),
            (basic(b"CP1:\x00\x3a\x80\xff\xfe"), BasicCredentials("CP1", b"\x00\x3a\x80\xff\xfe")),
            (basic(b"CP1:"), BasicCredentials("CP1", b"")),
            (basic(b":secret"), BasicCredentials("", b"secret")),
            (basic(b"RDAM 123:x"), BasicCredentials("RDAM 123", b"x")),
            (b"BASIC  " + b64encode(b"CP1:secret") + b" ", BasicCredentials("CP1", b"secret")),
        ],
    )
    def test_is_split_at_the_first_colon_into_a_name_and_bytes(
        self, header: bytes, credentials: BasicCredentials
    ) -> None:
        assert parse_basic(header) == credentials

    @pytest.mark.parametrize(
        "header",
        [
            b"",
            b"Basic",
            b"Basic !!!!",
            b"Basic Q1A",
            basic(b"no colon"),
            b"Bearer Q1AxOng=",
            b"Basic \xff\xfe",
        ],
    )
    def test_that_cannot_be_read_is_none(self, header: bytes) -> None:
        assert parse_basic(header) is None

    def test_is_not_shown_when_a_handshake_is_printed(self) -> None:
        handshake = judged(request("/ocpp/CP1", *UPGRADE, f"Authorization: {basic(b'CP1:secret').decode()}"))

        shown = f"{handshake} {handshake.credentials}"

        assert handshake.credentials == BasicCredentials("CP1", b"secret")
        assert "secret" not in shown
        assert b64encode(b"CP1:secret").decode() not in shown

    def test_is_absent_without_the_header(self) -> None:
        assert judged(request("/ocpp/CP1", *UPGRADE)).credentials is None

    def test_keeps_every_byte_of_the_header(self) -> None:
        handshake = judged(request("/ocpp/CP1", *UPGRADE, "Authorization: Digest \xe9\xff"))

        assert handshake.authorization == b"Digest \xe9\xff"

    def test_given_twice_is_refused(self) -> None:
        header = f"Authorization: {basic(b'CP1:secret').decode()}"

        with pytest.raises(UnusableRequest) as refused:
            judged(request("/ocpp/CP1", *UPGRADE, header, header))

        assert refused.value.status == 400


class TestSubprotocol:
    @pytest.mark.parametrize(
        ("offered", "chosen"),
        [
            (["ocpp1.6"], "ocpp1.6"),
            (["ocpp2.0", "ocpp1.6"], "ocpp1.6"),
            (["ocpp1.6", "ocpp1.5"], "ocpp1.6"),
            (["OCPP1.6"], "OCPP1.6"),  # echoed as spelt: clients compare exactly (RFC 6455 §4.1)
            (["ocpp1.5"], None),
            (["ocpp1.66"], None),
            ([], None),
        ],
    )
    def test_is_ocpp_1_6_wherever_it_stands(self, offered: list[str], chosen: str | None) -> None:
        assert choose_subprotocol(offered) == chosen

    def test_is_read_from_every_header_line(self) -> None:
        offer = "sec-websocket-protocol: ocpp2.0,  ocpp1.5"

        handshake = judged(request("/ocpp/CP1", *UPGRADE, offer, OCPP16))

        assert handshake.subprotocols == ("ocpp2.0", "ocpp1.5", "ocpp1.6")


class TestRequest:
    def test_is_complete_with_the_empty_line_however_the_bytes_arrive(self) -> None:
        handshake = ServerHandshake(DEFAULT_HANDSHAKE_LIMITS)
        received = request("/ocpp/CP1", *UPGRADE, OCPP16)

        *incomplete, complete = [handshake.receive(bytes((byte,))) for byte in received]

        assert not any(incomplete)
        assert complete is not None
        assert complete.path == "/ocpp/CP1"

    def test_keeps_what_follows_it_for_later(self) -> None:
        handshake = ServerHandshake(DEFAULT_HANDSHAKE_LIMITS)

        handshake.receive(request("/ocpp/CP1", *UPGRADE) + b"fra")
        later = handshake.receive(b"me")

        assert (later, handshake.early) == (None, b"frame")

    def test_followed_by_too_much_is_refused(self) -> None:
        handshake = ServerHandshake(HandshakeLimits(early_bytes=100))
        handshake.receive(request("/ocpp/CP1", *UPGRADE) + b"x" * 100)

        with pytest.raises(UnusableRequest) as refused:
            handshake.receive(b"x")

        assert refused.value.status == 400

    @pytest.mark.parametrize(
        "received",
        [
            request("/ocpp/CP1", *UPGRADE, "X: " + "x" * 16_384),
            request("/ocpp/CP1", *UPGRADE, *(f"X-{number}: {number}" for number in range(10_000))),
            b"GET /ocpp/CP1 HTTP/1.1\r\nX: " + b"x" * 16_384,
            request("/ocpp/CP1", *UPGRADE, "X: " + "x" * 8_192),
            request("/ocpp/CP1", *UPGRADE, *(f"X-{number}: {number}" for number in range(200))),
        ],
        ids=["too long", "10 000 headers", "unfinished", "one long line", "many headers"],
    )
    def test_with_too_much_in_its_head_is_answered_with_431(self, received: bytes) -> None:
        with pytest.raises(UnusableRequest) as refused:
            ServerHandshake(DEFAULT_HANDSHAKE_LIMITS).receive(received)

        assert refused.value.status == 431

    @pytest.mark.parametrize(
        ("received", "status"),
        [
            (b"\r\n\r\n", 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # TLS on the plain port
            (b"GET /ocpp/CP 1 HTTP/1.1\r\n\r\n", 400),
            (b"GET /ocpp/\xff HTTP/1.1\r\n\r\n", 400),
            (request("/ocpp/CP1", *UPGRADE, "Transfer-Encoding: chunked"), 400),
            (request("/ocpp/CP1", *UPGRADE, "Content-Length: 5"), 400),
            (request("/ocpp/CP1", *UPGRADE, "Sec-WebSocket-Protocol: ocpp 1.6"), 400),
            (request("/ocpp/CP1", *UPGRADE[:3], *UPGRADE[4:]), 400),  # no key
            (request("/ocpp/CP1", *UPGRADE[:4], "Sec-WebSocket-Version: 8"), 400),
            (request("/ocpp/CP1", *UPGRADE).replace(b"HTTP/1.1", b"HTTP/1.0"), 505),
            (request("/ocpp/CP1", *UPGRADE).replace(b"GET", b"POST"), 405),
            (request("/ocpp/CP1", "Host: central.example"), 426),  # a browser
            (request("/ocpp/" + "x" * 9_000, *UPGRADE), 414),
        ],
    )
    def test_that_is_no_opening_handshake_is_answered_with(self, received: bytes, status: int) -> None:
        with pytest.raises(UnusableRequest) as refused:
            ServerHandshake(DEFAULT_HANDSHAKE_LIMITS).receive(received)

        assert refused.value.status == status

    @given(st.lists(st.sampled_from(HEADERS) | st.binary(max_size=40)))
    def test_of_any_kind_is_read_or_refused(self, lines: list[bytes]) -> None:
        received = b"\r\n".join([b"GET /ocpp/CP1 HTTP/1.1", *HEADERS, *lines, b"", b""])

        assert status_of(received) in {101, 400, 426}

    def test_that_is_not_complete_has_no_response(self) -> None:
        with pytest.raises(ValueError, match="not complete"):
            ServerHandshake(DEFAULT_HANDSHAKE_LIMITS).response(None)


class TestResponse:
    def test_proves_that_the_key_was_read(self) -> None:
        handshake = ServerHandshake(DEFAULT_HANDSHAKE_LIMITS)
        handshake.receive(request("/ocpp/CP1", *UPGRADE))

        response = handshake.response("ocpp1.6")

        assert response.startswith(b"HTTP/1.1 101 ")
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in response  # RFC 6455 §1.3
        assert b"Sec-WebSocket-Protocol: ocpp1.6\r\n" in response

    def test_negotiates_no_extension(self) -> None:
        handshake = ServerHandshake(DEFAULT_HANDSHAKE_LIMITS)
        handshake.receive(request("/ocpp/CP1", *UPGRADE, "Sec-WebSocket-Extensions: permessage-deflate"))

        response = handshake.response(None)

        assert b"extensions" not in response.lower()
        assert b"protocol:" not in response.lower()


class TestRefusal:
    @pytest.mark.parametrize(
        ("refusal", "status_line", "header"),
        [
            (Refusal.unknown(), b"HTTP/1.1 404 Not Found", b"Connection: close"),
            (
                Refusal.unauthorized("Voltyard"),
                b"HTTP/1.1 401 Unauthorized",
                b'WWW-Authenticate: Basic realm="Voltyard"',
            ),
            (Refusal.too_many_attempts(60), b"HTTP/1.1 429 Too Many Requests", b"Retry-After: 60"),
            (Refusal.unavailable(5), b"HTTP/1.1 503 Service Unavailable", b"Retry-After: 5"),
            (Refusal(405), b"HTTP/1.1 405 Method Not Allowed", b"Allow: GET"),
            (Refusal(426), b"HTTP/1.1 426 Upgrade Required", b"Upgrade: websocket"),
        ],
    )
    def test_is_an_http_response(self, refusal: Refusal, status_line: bytes, header: bytes) -> None:
        lines = refusal_response(refusal).split(b"\r\n")

        assert lines[0] == status_line
        assert header in lines

    def test_says_why_in_its_body(self) -> None:
        head, _, body = refusal_response(Refusal(400, "not a charge point identity")).partition(b"\r\n\r\n")

        assert body == b"not a charge point identity\n"
        assert b"Content-Length: %d" % len(body) in head

    def test_needs_a_status_that_exists(self) -> None:
        with pytest.raises(ValueError, match="999"):
            refusal_response(Refusal(999))
