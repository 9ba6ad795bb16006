"""Where a file comes from or goes to: the URLs central systems give, taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from voltyard.chargepoint.transfer.errors import Failure, TransferFailed

DEFAULT_PORTS: Final[Mapping[str, int]] = MappingProxyType({"ftp": 21, "ftps": 21, "http": 80, "https": 443})
"""The schemes that can be transferred by. `ftps` begins in the clear and turns to TLS (RFC 4217)."""


@dataclass(frozen=True, slots=True)
class Location:
    """A file on a server; `target` is its path and query as HTTP wants it.

    `user` is None where the URL names nobody.
    """

    scheme: str
    host: str
    port: int
    target: str
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def is_encrypted(self) -> bool:
        """Whether it is asked for by TLS."""
        return self.scheme in {"ftps", "https"}

    @property
    def path(self) -> str:
        """The path as FTP wants it: decoded, and relative to where the login leads (RFC 1738 §3.2.2)."""
        return unquote(self.target.partition("?")[0].removeprefix("/"))


def locate(url: str) -> Location:
    """Take a URL apart; raises `TransferFailed` for one that cannot be transferred by."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        # What was wrong may quote the credentials, so it is not passed on.
        raise TransferFailed(Failure.BAD_MESSAGE, "the location is no URL") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise TransferFailed(Failure.NOT_SUPPORTED, f"the scheme {parts.scheme[:20]!r} is not supported")
    if not host or not unquote(parts.netloc + parts.path).isprintable():
        raise TransferFailed(Failure.BAD_MESSAGE, "the location is no URL")
    return Location(
        scheme=parts.scheme,
        host=host,
        port=DEFAULT_PORTS[parts.scheme] if port is None else port,
        target=_target(parts.path, parts.query),
        user=None if parts.username is None else unquote(parts.username),
        password=unquote(parts.password or ""),
    )


def file_in(directory_url: str, file_name: str) -> str:
    """Return the URL of a file in a directory; a query stays behind it."""
    address, separator, query = directory_url.partition("?")
    return f"{address.rstrip('/')}/{quote(file_name)}{separator}{query}"


def without_secrets(url: str) -> str:
    """Return a URL as it may be shown: without credentials, and without a query, which may be a key."""
    scheme, separator, rest = url.partition("?")[0].partition("#")[0].partition("://")
    if not separator:
        return "(no URL)"
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _target(path: str, query: str) -> str:
    # What is quoted already stays as it is.
    target = quote(path or "/", safe="/%:@!$&'()*+,;=~-._")
    return f"{target}?{quote(query, safe=chr(37) + _QUERY_SAFE)}" if query else target


_QUERY_SAFE: Final = "/:@!$&'()*+,;=~-._?"
