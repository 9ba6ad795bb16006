"""API keys as work: made for programs, and for people who sign in."""

from __future__ import annotations

from voltyard.central.services.errors import NotFound
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import ApiKey

_LONGEST_NAME = 64


def login_name(user: str) -> str:
    """Return the name of the keys that somebody gets by signing in."""
    return f"login:{user}"[:_LONGEST_NAME]


def add_api_key(work: UnitOfWork, key: ApiKey) -> ApiKey:
    """Store a key (its `id` is not looked at); those that have expired go."""
    work.api_keys.remove_expired(key.created_at_us)
    return work.api_keys.add(key)


def remove_api_key(work: UnitOfWork, id: int) -> None:
    """Remove a key; raises `NotFound`."""
    if not work.api_keys.remove(id):
        raise NotFound(f"no API key {id}")
