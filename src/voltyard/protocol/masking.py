"""Passwords, taken out of whatever people can see of a message (WP A01.FR.09)."""

from __future__ import annotations

import re
from typing import Any

from msgspec import MsgspecError, json

AUTHORIZATION_KEY = "authorizationkey"
HIDDEN = "***"

_NAME = AUTHORIZATION_KEY.encode()
# Of `ftp://user:password@host/path`, also as JSON may write it, with a backslash before each slash.
_IN_URL = re.compile(r'(:\\?/\\?/[^/@:"\s]*:)[^/"\s]*(?=@)')
_UNREADABLE = (MsgspecError, ValueError, RecursionError)


def without_password(text: bytes) -> bytes:
    """Return a JSON text with the value of each AuthorizationKey hidden, and the password of each URL.

    A text that cannot be read is hidden as a whole if it names the key.
    """
    names_it = _NAME in text.lower()
    if not (names_it or b"@" in text or b"\\u" in text):
        return text
    try:
        value = json.decode(text)
        hidden = _without_password(value)
        return text if hidden == value else json.encode(hidden)
    except _UNREADABLE:
        return HIDDEN.encode() if names_it else _in_urls(text.decode("latin-1")).encode("latin-1")


def without_secret(text: str, secret: str) -> str:
    """Return a text in which a secret does not occur, however its letters are written."""
    return re.sub(re.escape(secret), HIDDEN, text, flags=re.IGNORECASE)


def _in_urls(text: str) -> str:
    return _IN_URL.sub(rf"\1{HIDDEN}", text)


def _without_password(value: Any) -> Any:
    match value:
        case {"key": str(key), "value": _} if key.lower() == AUTHORIZATION_KEY:
            return {**value, "value": HIDDEN}
        case dict():
            return {
                key: HIDDEN if key.lower() == AUTHORIZATION_KEY else _without_password(item)
                for key, item in value.items()
            }
        case list():
            return [_without_password(item) for item in value]
        case str():
            return _in_urls(value)
        case _:
            return value
