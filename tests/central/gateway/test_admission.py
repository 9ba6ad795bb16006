"""Who may connect: the whole table, with nothing but an answer for who may not."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from tests.central.building import charge_point

from voltyard.central.attempts import AttemptLimiter
from voltyard.central.credentials import hash_password
from voltyard.central.gateway.admission import Gate
from voltyard.central.services.records import ChargePoint
from voltyard.central.storage.errors import StorageFailed
from voltyard.transport.handshake import Admission, BasicCredentials, Handshake, Refusal, Tls
from voltyard.transport.link import Link, Receiver

KEY = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
OCTETS = bytes.fromhex(KEY)
OTHER_KEY = "ffffffffffffffffffffffffffffffffffffffff"
HASHED = hash_password(KEY)
OTHER_HASHED = hash_password(OTHER_KEY)
KNOWN = charge_point(security_profile=1, password_hash=HASHED)
TLS = Tls(version="TLSv1.3", cipher="x")


class Doorman:
    """A gate over one record, and everything it told anybody."""

    def __init__(self, record: ChargePoint | None, *, open_to_all: bool = False) -> None:
        self.record = record
        self.now_s = 0.0
        self.flapping = False
        self.breaches: list[str] = []
        self.proven: list[str] = []
        self.connected: list[ChargePoint] = []
        self.gate = Gate(
            self._find,
            self._connect,
            lambda _id, _now_us: self.flapping,
            lambda _record, hashed: self.proven.append(hashed),
            lambda _record, fault, address: self.breaches.append(f"{fault}, from {address}"),
            AttemptLimiter(lambda: self.now_s),
            allow_unauthenticated=open_to_all,
        )

    async def ask(
        self,
        password: bytes | None = None,
        *,
        username: str = "CP1",
        tls: Tls | None = None,
        address: str = "10.0.0.1",
    ) -> Admission | Refusal:
        authorization = None if password is None else basic(username, password)
        return await self.gate.admit(
            Handshake(
                identity="CP1",
                path="/ocpp/CP1",
                remote_address=address,
                authorization=authorization,
                tls=tls,
            )
        )

    async def _find(self, identity: str) -> ChargePoint | None:
        assert identity == "CP1"
        return self.record

    def _connect(self, record: ChargePoint, _link: Link) -> Receiver:
        self.connected.append(record)
        return Nobody()


class Nobody:
    def frame_received(self, frame: bytes) -> None:
        """Hear nothing."""

    def connection_lost(self, code: int, reason: str) -> None:
        """Mind nothing."""


class FakeLink:
    def send(self, frame: bytes) -> None:
        """Send nothing."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close nothing."""


def basic(username: str, password: bytes) -> bytes:
    return b"Basic " + b64encode(username.encode() + b":" + password)


Guarded = Callable[[ChargePoint | None], Doorman]


@pytest.fixture
def doorman() -> Iterator[Guarded]:
    made: list[Doorman] = []

    def make(record: ChargePoint | None, **options: Any) -> Doorman:
        made.append(Doorman(record, **options))
        return made[-1]

    yield make
    for one in made:
        one.gate.close()


def verdict(asking: Awaitable[Admission | Refusal]) -> int:
    """The HTTP status that an attempt gets."""

    async def asked() -> Admission | Refusal:
        return await asking

    answer = asyncio.run(asked())
    return 101 if isinstance(answer, Admission) else answer.status


@pytest.mark.parametrize(
    "record", [None, charge_point(deleted_at_us=5, security_profile=1, password_hash=HASHED)]
)
def test_who_is_not_known_gets_404(record: ChargePoint | None, doorman: Guarded) -> None:
    """R-003."""
    guard = doorman(record)

    assert verdict(guard.ask(OCTETS)) == 404
    assert guard.breaches == []


@pytest.mark.parametrize(
    ("password", "username", "status", "fault"),
    [
        (OCTETS, "CP1", 101, None),
        (KEY.encode(), "CP1", 101, None),
        (KEY.lower().encode(), "CP1", 101, None),
        (None, "CP1", 401, "credentials missing"),
        (b"", "CP1", 401, "wrong password"),
        (OCTETS[:-1], "CP1", 401, "wrong password"),
        (OTHER_KEY.encode(), "CP1", 401, "wrong password"),
        (OCTETS, "CP2", 401, "username is not the identity"),
        (OCTETS, "cp1", 401, "username is not the identity"),
    ],
)
def test_a_password_is_wanted_and_must_be_right(
    password: bytes | None, username: str, status: int, fault: str | None, doorman: Guarded
) -> None:
    """R-011, R-013, R-014 (WP A00.FR.202-204)."""
    guard = doorman(KNOWN)

    assert verdict(guard.ask(password, username=username)) == status
    assert guard.breaches == ([] if fault is None else [f"{fault}, from 10.0.0.1"])
    assert guard.connected == []


def test_a_refusal_says_how_to_authenticate_and_nothing_else(doorman: Guarded) -> None:
    guard = doorman(KNOWN)

    answer = asyncio.run(guard.ask(b"wrong"))

    assert isinstance(answer, Refusal)
    assert answer.headers == (("WWW-Authenticate", 'Basic realm="OCPP"'),)
    assert answer.reason == asyncio.run(guard.ask()).reason  # type: ignore[union-attr]  # a refusal, too


def test_who_has_no_password_cannot_guess_it(doorman: Guarded) -> None:
    guard = doorman(charge_point(security_profile=1, password_hash=None))

    assert [verdict(guard.ask(password)) for password in (b"", b"x", None)] == [401] * 3


@pytest.mark.parametrize(
    ("profile", "tls", "open_to_all", "status"),
    [
        (0, None, False, 401),
        (0, None, True, 101),
        (1, None, True, 101),
        (2, None, True, 401),
        (3, None, True, 401),
        (2, TLS, False, 101),
    ],
)
def test_the_profile_of_the_connection_must_be_the_configured_one(
    profile: int, tls: Tls | None, open_to_all: bool, status: int, doorman: Callable[..., Doorman]
) -> None:
    """R-010, R-020, R-023 (WP A00.FR.002): the right password does not help."""
    record = charge_point(security_profile=profile, password_hash=HASHED if profile else None)
    guard = doorman(record, open_to_all=open_to_all)

    assert verdict(guard.ask(OCTETS if profile else None, tls=tls)) == status
    assert len(guard.breaches) == (status == 401)


def test_both_passwords_are_taken_while_a_new_one_is_not_confirmed(doorman: Guarded) -> None:
    """Reference G.20: and the login tells which one the charge point has."""
    guard = doorman(charge_point(security_profile=1, password_hash=HASHED, next_password_hash=OTHER_HASHED))

    assert [verdict(guard.ask(password)) for password in (OCTETS, bytes.fromhex(OTHER_KEY))] == [101, 101]
    assert guard.proven == [HASHED, OTHER_HASHED]

    guard.record = charge_point(security_profile=1, password_hash=OTHER_HASHED)
    assert [verdict(guard.ask(password)) for password in (OCTETS, bytes.fromhex(OTHER_KEY))] == [401, 101]
    assert len(guard.proven) == 2


@pytest.mark.parametrize("record", [KNOWN, None])
def test_who_guesses_has_to_wait(record: ChargePoint | None, doorman: Guarded) -> None:
    """G-S2: 10 failures a minute of one identity at one address."""
    guard = doorman(record)

    statuses = [verdict(guard.ask(b"guess")) for _ in range(11)]
    answer = asyncio.run(guard.ask(OCTETS))

    assert statuses == [401 if record else 404] * 10 + [429]
    assert isinstance(answer, Refusal)
    assert (answer.status, answer.headers) == (429, (("Retry-After", "60"),))
    if record is not None:
        assert verdict(guard.ask(OCTETS, address="10.0.0.2")) == 101
        guard.now_s = 60.0
        assert verdict(guard.ask(OCTETS)) == 101
    assert len(guard.breaches) == (10 if record else 0)


def test_who_replaces_itself_too_often_has_to_wait_although_it_is_who_it_says(doorman: Guarded) -> None:
    guard = doorman(KNOWN)
    guard.flapping = True

    assert verdict(guard.ask(OCTETS)) == 429
    assert verdict(guard.ask(b"wrong")) == 401


def test_a_database_in_trouble_is_no_verdict() -> None:
    async def find(_identity: str) -> ChargePoint | None:
        raise StorageFailed("gone")

    gate = Gate(
        find,
        lambda _record, _link: Nobody(),
        lambda _id, _now_us: False,
        lambda _record, _hashed: None,
        lambda _record, _fault, _address: None,
        AttemptLimiter(lambda: 0.0),
        allow_unauthenticated=False,
    )

    answer = asyncio.run(gate.admit(Handshake(identity="CP1", path="/ocpp/CP1", remote_address="x")))

    gate.close()
    assert isinstance(answer, Refusal)
    assert (answer.status, answer.headers) == (503, (("Retry-After", "15"),))


@pytest.mark.parametrize("assume", [0, 1])
def test_who_is_admitted_is_connected_as_what_it_was_found_to_be(
    assume: int, doorman: Callable[..., Doorman]
) -> None:
    record = charge_point(assume_ocpp16=assume)
    guard = doorman(record, open_to_all=True)

    answer = asyncio.run(guard.ask())

    assert isinstance(answer, Admission)
    assert answer.assume_ocpp16 is bool(assume)
    assert guard.connected == []
    answer.connected(FakeLink())
    assert guard.connected == [record]


def test_credentials_are_bytes_split_at_the_first_colon(doorman: Guarded) -> None:
    """R-013: a password may hold a colon and need not be text."""
    octets = b"\x3a\x80:" + bytes(range(240, 253))
    guard = doorman(charge_point(security_profile=1, password_hash=hash_password(octets.hex())))

    assert BasicCredentials("CP1", octets).username == "CP1"
    assert verdict(guard.ask(octets)) == 101
