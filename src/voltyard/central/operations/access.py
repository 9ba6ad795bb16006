"""Who may do what: API keys looked up on each request, made for programs, handed to people who sign in."""

from __future__ import annotations

import asyncio
import math
import time
from typing import NamedTuple

from msgspec import Struct

from voltyard.central.attempts import AttemptLimiter
from voltyard.central.credentials import (
    Role,
    generate_api_key,
    hash_api_key,
    hash_user_password,
    user_password_matches,
)
from voltyard.central.instants import now_us, to_us
from voltyard.central.operations.cursors import NUMBER, Listed, Span, listed
from voltyard.central.operations.requests import Login, NewApiKey
from voltyard.central.operations.views import ApiKeyView, Timestamp, timestamp, view_api_key
from voltyard.central.recent import Recent
from voltyard.central.services.access import add_api_key, login_name, remove_api_key
from voltyard.central.services.errors import Refused, Unacceptable
from voltyard.central.services.records import ApiKey, User
from voltyard.central.storage.finding import find_api_key, find_user
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.queries.access import api_key_page
from voltyard.central.storage.readers import Readers

SESSION_US = 12 * 3600 * 1_000_000

_PREFIX = "vy_"
_LONGEST_KEY = 100
_LONGEST_NAME = 64
# How long a look-up is believed, which is how long a revoked key may still work.
_BELIEVED_S = 1.0
_REMEMBERED = 1000
# Each verification of a person's password takes 64 MiB.
_VERIFICATIONS_AT_A_TIME = 2


class Caller(Struct, frozen=True):
    """Who makes a request."""

    name: str
    role: Role


class IssuedKey(Struct, frozen=True, kw_only=True):
    """A new key; it is not shown again."""

    id: int
    name: str
    role: str
    prefix: str
    key: str
    created_at: Timestamp
    expires_at: Timestamp | None


class Session(Struct, frozen=True, kw_only=True):
    """The key of somebody who has signed in."""

    key: str
    role: str
    expires_at: Timestamp


class LoginRefused(Refused):
    """Name and password do not belong together."""


class TooManyAttempts(Refused):
    """Somebody has tried too often."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many attempts, try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class _Looked(NamedTuple):
    at_s: float
    record: ApiKey | None


class AccessOperations:
    """Knows keys and people."""

    def __init__(self, ledger: Ledger, readers: Readers) -> None:
        self._ledger = ledger
        self._readers = readers
        self._looked: Recent[str, _Looked] = Recent(_REMEMBERED)
        self._attempts = AttemptLimiter(time.monotonic)
        self._verifications = asyncio.Semaphore(_VERIFICATIONS_AT_A_TIME)
        self._nobodys_hash: str | None = None

    async def authenticate(self, key: str) -> Caller | None:
        """Return whose key it is; None for one that is unknown, revoked or expired."""
        if not key.startswith(_PREFIX) or len(key) > _LONGEST_KEY:
            return None
        record = await self._find(hash_api_key(key))
        if record is None or (record.expires_at_us is not None and record.expires_at_us <= now_us()):
            return None
        return Caller(record.name, Role(record.role))

    async def page(self, span: Span) -> Listed[ApiKeyView]:
        """Return a page of keys, oldest first."""
        page = await self._readers.run(api_key_page, span.after(NUMBER), span.limit)
        return listed(page.map(view_api_key))

    async def create(self, wanted: NewApiKey) -> IssuedKey:
        """Make a key for a program."""
        expires_at_us = None if wanted.expires_at is None else to_us(wanted.expires_at)
        if expires_at_us is not None and expires_at_us <= now_us():
            raise Unacceptable("expected an instant to come", field="expires_at")
        text, record = await self._issue(wanted.name, wanted.role, expires_at_us)
        view = view_api_key(record)
        return IssuedKey(
            id=view.id,
            name=view.name,
            role=view.role,
            prefix=view.prefix,
            key=text,
            created_at=view.created_at,
            expires_at=view.expires_at,
        )

    async def revoke(self, id: int) -> None:
        """Remove a key; what was made of it is over within moments."""
        await self._ledger.run(remove_api_key, id)
        self._looked = Recent(_REMEMBERED)

    async def login(self, login: Login, address: str) -> Session:
        """Give somebody who knows the password a key for half a day."""
        name = login.name
        wait_s = self._attempts.retry_after_s(name, address)
        if wait_s > 0:
            raise TooManyAttempts(math.ceil(wait_s))
        user = await self._user(name)
        if not await self._verify(user, login.password) or user is None:
            self._attempts.failed(name, address)
            raise LoginRefused("name or password is wrong")
        self._attempts.succeeded(name, address)
        expires_at_us = now_us() + SESSION_US
        text, record = await self._issue(login_name(user.name), Role(user.role), expires_at_us)
        return Session(key=text, role=record.role, expires_at=timestamp(expires_at_us))

    async def _find(self, key_hash: str) -> ApiKey | None:
        now_s = time.monotonic()
        looked = self._looked.get(key_hash)
        if looked is not None and now_s - looked.at_s < _BELIEVED_S:
            return looked.record
        record = await self._readers.run(find_api_key, key_hash)
        self._looked.put(key_hash, _Looked(now_s, record))
        return record

    async def _user(self, name: str) -> User | None:
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            return None
        return await self._readers.run(find_user, name)

    async def _verify(self, user: User | None, password: str) -> bool:
        # An unknown name takes as long as a known one: nobody learns who has an account.
        async with self._verifications:
            if user is not None:
                return await asyncio.to_thread(user_password_matches, user.password_hash, password)
            if self._nobodys_hash is None:
                self._nobodys_hash = await asyncio.to_thread(hash_user_password, "nobody")
            await asyncio.to_thread(user_password_matches, self._nobodys_hash, password)
            return False

    async def _issue(self, name: str, role: Role, expires_at_us: int | None) -> tuple[str, ApiKey]:
        new = generate_api_key()
        record = ApiKey(
            id=0,
            name=name,
            role=role,
            prefix=new.prefix,
            key_hash=new.key_hash,
            created_at_us=now_us(),
            expires_at_us=expires_at_us,
        )
        return new.key.reveal(), await self._ledger.run(add_api_key, record)
