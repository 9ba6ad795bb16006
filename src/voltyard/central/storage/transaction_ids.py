"""Transaction ids: positive int32, never issued twice, and not to be guessed from one another."""

from __future__ import annotations

from hashlib import blake2b

_HALF_BITS = 16
_HALF_MASK = (1 << _HALF_BITS) - 1
_ROUNDS = 4
MAX_TRANSACTION_ID = 2**31 - 1


class TransactionIds:
    """A keyed permutation of a counter: a Feistel network over 32 bits, walked until it lands in range.

    Being a permutation it gives each count another id; being keyed it does not tell the next one.
    """

    def __init__(self, key: bytes) -> None:
        self._rounds = [blake2b(bytes((round_,)), key=key, digest_size=2) for round_ in range(_ROUNDS)]

    def issue(self, count: int) -> int:
        """Return the id of the `count`-th transaction, `count` in 1..2^31-1."""
        if not 1 <= count <= MAX_TRANSACTION_ID:
            raise OverflowError("all transaction ids have been issued")
        value = self._permute(count)
        while not 1 <= value <= MAX_TRANSACTION_ID:
            value = self._permute(value)
        return value

    def _permute(self, value: int) -> int:
        left, right = value >> _HALF_BITS, value & _HALF_MASK
        for keyed in self._rounds:
            hashed = keyed.copy()
            hashed.update(right.to_bytes(2, "big"))
            left, right = right, left ^ int.from_bytes(hashed.digest(), "big")
        return (left << _HALF_BITS) | right
