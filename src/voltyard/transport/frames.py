"""The one shape that nearly all traffic has: a text message in a single frame, alone in what was read.

Everything else is left to the protocol library, and so is every judgement: a frame that is odd in any way
is none of these.
"""

from __future__ import annotations

from websockets.frames import Frame

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which the library has no compiled part
    from websockets.utils import apply_mask

_FIN_TEXT = 0x81  # RFC 6455 §5.2: the last fragment, no reserved bit, opcode 1
_MASKED = 0x80
_TWO_BYTES_OF_LENGTH = 126
_EIGHT_BYTES_OF_LENGTH = 127
_MASK_BYTES = 4


def masked_text(data: bytes, max_size: int) -> bytes | None:
    """Return the message if `data` is exactly one masked text frame of at most `max_size` bytes."""
    if len(data) < 2 + _MASK_BYTES or data[0] != _FIN_TEXT or data[1] < _MASKED:
        return None
    size = data[1] - _MASKED
    start = 2 + _MASK_BYTES
    if size == _EIGHT_BYTES_OF_LENGTH:
        return None
    if size == _TWO_BYTES_OF_LENGTH:
        size = int.from_bytes(data[2:4], "big")
        start += 2
    if len(data) != start + size or size > max_size:
        return None
    return bytes(apply_mask(data[start:], data[start - _MASK_BYTES : start]))


def unmasked_text(message: bytes) -> bytes:
    """Return a message as one unmasked text frame, as a server sends it."""
    size = len(message)
    if size < _TWO_BYTES_OF_LENGTH:
        return bytes((_FIN_TEXT, size)) + message
    if size < 1 << 16:
        return bytes((_FIN_TEXT, _TWO_BYTES_OF_LENGTH)) + size.to_bytes(2, "big") + message
    return bytes((_FIN_TEXT, _EIGHT_BYTES_OF_LENGTH)) + size.to_bytes(8, "big") + message


def masked_size(frame: Frame) -> int:
    """Return how many bytes a frame has on the wire when a client sends it in the shortest form."""
    size = len(frame.data)
    extended = 0 if size < _TWO_BYTES_OF_LENGTH else 2 if size < 1 << 16 else 8
    return 2 + extended + _MASK_BYTES + size
