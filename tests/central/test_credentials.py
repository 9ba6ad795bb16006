"""Credentials: both readings of a charge point's password, hashes at rest, the cache, keys and roles."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.central.credentials import (
    PasswordRefused,
    PasswordVerifier,
    Role,
    canonical_password,
    check_password,
    check_user_password,
    generate_api_key,
    generate_password,
    hash_api_key,
    hash_password,
    hash_user_password,
    password_matches,
    user_password_matches,
)

# OCPP-J §6.1.2: the key in hexadecimal digits and the very bytes that its example sends.
KEY = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
OCTETS = bytes.fromhex(KEY)
TEXT = "correct horse 16"


@pytest.fixture(scope="module")
def key_hash() -> str:
    return hash_password(KEY)


@pytest.fixture
def verifier() -> Iterator[PasswordVerifier]:
    verifier = PasswordVerifier(threads=1)
    yield verifier
    verifier.close()


@pytest.mark.parametrize("presented", [OCTETS, KEY.encode(), KEY.lower().encode()])
def test_the_raw_bytes_and_the_digits_are_the_same_password(key_hash: str, presented: bytes) -> None:
    """R-014."""
    assert password_matches(key_hash, presented)


@pytest.mark.parametrize("presented", [b"", OCTETS[:-1], KEY[:-2].encode(), KEY[:-1].encode(), b"x" * 500])
def test_any_other_password_does_not_match(key_hash: str, presented: bytes) -> None:
    """R-011."""
    assert not password_matches(key_hash, presented)


def test_a_password_of_plain_text_matches_its_text_only() -> None:
    stored = hash_password(TEXT)

    assert password_matches(stored, TEXT.encode())
    assert not password_matches(stored, TEXT.encode().hex().encode()[:-2])


@given(st.binary(min_size=16, max_size=20))
def test_bytes_and_their_digits_have_one_canonical_form(octets: bytes) -> None:
    assert canonical_password(octets.hex().encode()) == canonical_password(octets) == octets


def test_what_is_stored_is_salted_and_does_not_hold_the_password(key_hash: str) -> None:
    """R-015."""
    again = hash_password(KEY)

    assert again != key_hash
    assert key_hash.startswith("$scrypt$ln=14,r=8,p=1$")
    assert KEY.lower() not in key_hash.lower()


@pytest.mark.parametrize("stored", ["", "secret", "$argon2id$v=19$m=1$a$b", "$scrypt$ln=14,r=8,p=1$"])
def test_an_unreadable_hash_matches_nothing(stored: str) -> None:
    assert not password_matches(stored, stored.encode())


@pytest.mark.parametrize(
    "password", ["a" * 16, "b" * 20, "ab" * 16, "0F" * 20, "f" * 38, "zwölf Zeichen!!", KEY]
)
def test_passwords_that_the_white_paper_allows_are_taken(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize(
    "password",
    ["", "a" * 15, "b" * 21, "f" * 30, "f" * 33, "f" * 42, "g" * 32, "line\nbreak and more", "\ud800" * 6],
)
def test_passwords_that_the_white_paper_forbids_are_refused_without_repeating_them(password: str) -> None:
    with pytest.raises(PasswordRefused) as refusal:
        check_password(password)

    assert not password or password not in str(refusal.value)


def test_a_generated_password_is_twenty_random_bytes() -> None:
    one, other = generate_password(), generate_password()

    check_password(one)
    assert len(canonical_password(one.encode())) == 20
    assert one != other


def test_a_reconnect_storm_needs_no_more_hashes(verifier: PasswordVerifier, key_hash: str) -> None:
    async def storm() -> list[bool]:
        first = await verifier.verify("CP-1", key_hash, OCTETS)
        verifier.close()  # nothing can be hashed from now on
        return [first, *[await verifier.verify("CP-1", key_hash, o) for o in [OCTETS, KEY.encode()] * 100]]

    assert all(asyncio.run(storm()))


def test_a_wrong_password_is_refused_without_a_hash_when_the_right_one_is_remembered(
    verifier: PasswordVerifier, key_hash: str
) -> None:
    """R-011."""

    async def right_then_wrong() -> list[bool]:
        first = await verifier.verify("CP-1", key_hash, OCTETS)
        verifier.close()
        return [first, *[await verifier.verify("CP-1", key_hash, o) for o in (b"guess" * 4, b"", OCTETS)]]

    assert asyncio.run(right_then_wrong()) == [True, False, False, True]


def test_a_wrong_password_is_refused_when_nothing_is_remembered(
    verifier: PasswordVerifier, key_hash: str
) -> None:
    """R-011."""

    async def wrong_then_right() -> list[bool]:
        return [await verifier.verify("CP-1", key_hash, octets) for octets in (b"guess" * 4, OCTETS)]

    assert asyncio.run(wrong_then_right()) == [False, True]


def test_a_changed_password_ends_the_old_one_at_once(verifier: PasswordVerifier, key_hash: str) -> None:
    """R-306."""

    async def change() -> list[bool]:
        new_hash = await verifier.hash(TEXT)
        return [
            await verifier.verify("CP-1", key_hash, OCTETS),
            await verifier.verify("CP-1", new_hash, OCTETS),
            await verifier.verify("CP-1", new_hash, TEXT.encode()),
            await verifier.verify("CP-1", new_hash, OCTETS),
        ]

    assert asyncio.run(change()) == [True, False, True, False]


def test_what_is_remembered_of_one_identity_says_nothing_about_another(
    verifier: PasswordVerifier, key_hash: str
) -> None:
    other_hash = hash_password(TEXT)

    async def both() -> list[bool]:
        return [
            await verifier.verify("CP-1", key_hash, OCTETS),
            await verifier.verify("CP-2", other_hash, OCTETS),
        ]

    assert asyncio.run(both()) == [True, False]


def test_the_memory_of_verified_credentials_is_bounded(key_hash: str) -> None:
    verifier = PasswordVerifier(threads=1, remembered=1)

    async def one_after_the_other() -> None:
        assert await verifier.verify("CP-1", key_hash, OCTETS)
        assert await verifier.verify("CP-2", key_hash, OCTETS)
        verifier.close()
        assert await verifier.verify("CP-2", key_hash, OCTETS)
        with pytest.raises(RuntimeError):  # forgotten, and it cannot be hashed any more
            await verifier.verify("CP-1", key_hash, OCTETS)

    asyncio.run(one_after_the_other())


def test_nothing_that_is_remembered_holds_the_password(verifier: PasswordVerifier, key_hash: str) -> None:
    asyncio.run(verifier.verify("CP-1", key_hash, OCTETS))

    remembered = verifier._verified.get("CP-1")

    assert remembered is not None
    assert remembered[0] == key_hash
    assert remembered[1] not in (OCTETS, hashlib.sha256(OCTETS).digest())


def test_peoples_passwords_are_kept_as_argon2() -> None:
    stored = hash_user_password("a long enough one")

    assert stored.startswith("$argon2id$")
    assert user_password_matches(stored, "a long enough one")
    assert not user_password_matches(stored, "A long enough one")


def test_an_unreadable_hash_of_a_person_matches_nothing() -> None:
    assert not user_password_matches("not a hash", "not a hash")


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1001])
def test_peoples_passwords_have_a_length(password: str) -> None:
    with pytest.raises(PasswordRefused):
        check_user_password(password)


def test_twelve_characters_are_enough_for_a_person() -> None:
    check_user_password("twelve chars")


def test_an_api_key_shows_its_prefix_and_is_found_by_its_hash() -> None:
    one, other = generate_api_key(), generate_api_key()

    text = one.key.reveal()

    assert text.startswith("vy_")
    assert len(text) >= 46
    assert text.startswith(one.prefix)
    assert len(one.prefix) < 16
    assert one.key_hash == hash_api_key(text) == hashlib.sha256(text.encode()).hexdigest()
    assert other.key != one.key
    assert text not in repr(one)


def test_a_role_includes_the_roles_below_it() -> None:
    allowed = {(holder, required) for holder in Role for required in Role if holder.allows(required)}

    assert allowed == {
        ("viewer", "viewer"),
        ("operator", "viewer"),
        ("operator", "operator"),
        ("admin", "viewer"),
        ("admin", "operator"),
        ("admin", "admin"),
    }
