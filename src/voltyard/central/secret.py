"""A text that must not be seen: it prints as `***` wherever it is printed by accident."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Holds a password, a key or an address with a password in it; only `reveal` gives it away.

    It cannot be pickled or copied into a JSON document either, so it does not leave by those doors.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")
