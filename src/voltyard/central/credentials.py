"""Credentials: how passwords of charge points and of people and API keys are made, kept and compared.

At rest there are only hashes (security white paper A01.FR.08). Passwords of charge points get a salted scrypt
over their canonical bytes; those of people, which are chosen to be remembered, argon2; API keys are 256
random bits, which nobody guesses, so that a plain SHA-256 does and finds them in one look-up.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import NamedTuple

from voltyard.central.recent import Recent
from voltyard.central.secret import Secret

# A hash takes 16 MiB and some 40 ms. The string (PHC format) says how it was made, so the costs can change.
_SCRYPT_LOG2_N, _SCRYPT_R, _SCRYPT_P = 14, 8, 1
_SCRYPT = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")
_SALT_BYTES = 16
_HASH_BYTES = 32

_SHORTEST_PASSWORD, _LONGEST_PASSWORD = 16, 20  # bytes, A00.FR.205
_HEX_PASSWORD = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,20}")
_SHORTEST_USER_PASSWORD, _LONGEST_USER_PASSWORD = 12, 1000

_API_KEY_BYTES = 32
_API_KEY_PREFIX_LENGTH = 9


class Role(StrEnum):
    """What the holder of an API key or a user may do; each role includes the ones before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def allows(self, required: Role) -> bool:
        """Return whether this role includes `required`."""
        order = tuple(Role)
        return order.index(self) >= order.index(required)


class PasswordRefused(ValueError):
    """A new password that does not meet the rules; the text says which."""


class ApiKey(NamedTuple):
    """A new API key: `key` is shown once, `prefix` tells it from others later, `key_hash` is stored."""

    key: Secret
    prefix: str
    key_hash: str


# Charge points.


def generate_password() -> str:
    """Return a new password of a charge point: 20 random bytes as 40 hexadecimal digits (A01.FR.06)."""
    return secrets.token_hex(_LONGEST_PASSWORD)


def check_password(password: str) -> None:
    """Raise `PasswordRefused` unless a charge point can be given this password (A00.FR.205)."""
    octets = password.encode(errors="surrogatepass")
    if _HEX_PASSWORD.fullmatch(octets):
        return
    if not _SHORTEST_PASSWORD <= len(octets) <= _LONGEST_PASSWORD:
        raise PasswordRefused("expected 16 to 20 bytes of text, or 32 to 40 hexadecimal digits, two a byte")
    if not password.isprintable():  # RFC 7617 §2
        raise PasswordRefused("expected no control characters in the text")


def canonical_password(octets: bytes) -> bytes:
    """Return what a password stands for, whichever way it was written.

    32 to 40 hexadecimal digits are the bytes they spell, so that the digits and the bytes themselves are
    the same password (OCPP-J §6.2, white paper A00.FR.205); anything else stands for itself.
    """
    return bytes.fromhex(octets.decode("ascii")) if _HEX_PASSWORD.fullmatch(octets) else octets


def hash_password(password: str) -> str:
    """Return what is stored of a charge point's password; takes some 40 ms."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(canonical_password(password.encode()), salt, _SCRYPT_LOG2_N, _SCRYPT_R, _SCRYPT_P)
    costs = f"ln={_SCRYPT_LOG2_N},r={_SCRYPT_R},p={_SCRYPT_P}"
    return f"$scrypt${costs}${_unpadded(salt)}${_unpadded(digest)}"


def password_matches(stored_hash: str, presented: bytes) -> bool:
    """Return whether a password is the stored one; takes some 40 ms. An unreadable hash matches nothing."""
    parts = _SCRYPT.fullmatch(stored_hash)
    if parts is None:
        return False
    log2_n, r, p = map(int, parts.group(1, 2, 3))
    salt, digest = map(_padded, parts.group(4, 5))
    return hmac.compare_digest(_scrypt(canonical_password(presented), salt, log2_n, r, p), digest)


class PasswordVerifier:
    """Compares what charge points present with what is stored, in microseconds when it has done so before.

    When all charge points reconnect at once, none may wait for scrypt: the last credential that was right
    is remembered as a keyed hash (the key lives as long as this object), together with the stored hash
    that it fits, so a changed password is another matter at once. A wrong one costs no scrypt then either.
    """

    def __init__(self, *, threads: int = 2, remembered: int = 100_000) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="scrypt")
        self._key = secrets.token_bytes(32)
        self._verified: Recent[str, tuple[str, bytes]] = Recent(remembered)

    async def verify(self, identity: str, stored_hash: str, presented: bytes) -> bool:
        """Return whether `presented`, as it came in the header, is the password of this identity."""
        tag = hmac.digest(self._key, canonical_password(presented), "sha256")
        known = self._verified.get(identity)
        if known is not None and known[0] == stored_hash:
            return hmac.compare_digest(known[1], tag)
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._threads, password_matches, stored_hash, presented):
            return False
        self._verified.put(identity, (stored_hash, tag))
        return True

    async def hash(self, password: str) -> str:
        """Return what is stored of a password, without holding up the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, hash_password, password)

    def close(self) -> None:
        """End the threads; what still waits for them is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)


# People.


def check_user_password(password: str) -> None:
    """Raise `PasswordRefused` unless a person can have this password."""
    if not _SHORTEST_USER_PASSWORD <= len(password) <= _LONGEST_USER_PASSWORD:
        raise PasswordRefused(f"expected {_SHORTEST_USER_PASSWORD} to {_LONGEST_USER_PASSWORD} characters")


def hash_user_password(password: str) -> str:
    """Return what is stored of a person's password; takes a tenth of a second, so not in an event loop."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - only those who log people in pay for its import

    return PasswordHasher().hash(password)


def user_password_matches(stored_hash: str, password: str) -> bool:
    """Return whether a password is the stored one; as slow as `hash_user_password`."""
    from argon2 import PasswordHasher  # noqa: PLC0415
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

    try:
        return PasswordHasher().verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False


# Programs.


def generate_api_key() -> ApiKey:
    """Return a new key of the REST API: `vy_` and 256 random bits."""
    text = "vy_" + urlsafe_b64encode(secrets.token_bytes(_API_KEY_BYTES)).decode().rstrip("=")
    return ApiKey(Secret(text), text[:_API_KEY_PREFIX_LENGTH], hash_api_key(text))


def hash_api_key(key: str) -> str:
    """Return what is stored of an API key, and what it is found by."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _scrypt(password: bytes, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    n = 1 << log2_n
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=_HASH_BYTES)


def _unpadded(octets: bytes) -> str:
    return b64encode(octets).decode().rstrip("=")


def _padded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))
