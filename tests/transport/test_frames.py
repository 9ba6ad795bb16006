"""The usual frame is read and written as the protocol library does it, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from voltyard.transport.frames import masked_size, masked_text, unmasked_text

LIMIT = 70_000


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535])
def test_one_masked_text_frame_is_read(size: int) -> None:
    message = bytes(range(32, 127)) * (size // 95 + 1)

    frame = Frame(Opcode.TEXT, message[:size]).serialize(mask=True)

    assert masked_text(frame, LIMIT) == message[:size]


def test_longest_frames_and_those_over_the_limit_are_left_to_the_library() -> None:
    assert masked_text(Frame(Opcode.TEXT, b"x" * 65_536).serialize(mask=True), LIMIT) is None
    assert masked_text(Frame(Opcode.TEXT, b"x" * 1001).serialize(mask=True), 1000) is None


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Opcode.TEXT, b"part", fin=False),
        Frame(Opcode.CONT, b"rest"),
        Frame(Opcode.BINARY, b"bytes"),
        Frame(Opcode.PING, b"ping"),
        Frame(Opcode.CLOSE, b"\x03\xe8"),
    ],
    ids=str,
)
def test_other_frames_are_left_to_the_library(frame: Frame) -> None:
    assert masked_text(frame.serialize(mask=True), LIMIT) is None


def test_reserved_bit_is_left_to_the_library() -> None:
    frame = Frame(Opcode.TEXT, b"reserved").serialize(mask=True)

    assert masked_text(b"\xc1" + frame[1:], LIMIT) is None


def test_unmasked_frame_is_left_to_the_library() -> None:
    assert masked_text(Frame(Opcode.TEXT, b"long enough").serialize(mask=False), LIMIT) is None


@given(st.binary(max_size=300))
def test_pieces_and_more_than_one_frame_are_left_to_the_library(message: bytes) -> None:
    frame = Frame(Opcode.TEXT, message).serialize(mask=True)

    assert masked_text(frame + b"\x81", LIMIT) is None
    assert masked_text(frame[:-1], LIMIT) is None


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_text_is_written_as_the_library_writes_it(size: int) -> None:
    message = b"x" * size

    assert unmasked_text(message) == Frame(Opcode.TEXT, message).serialize(mask=False)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_size_on_the_wire_is_that_of_the_shortest_form(size: int) -> None:
    frame = Frame(Opcode.TEXT, b"x" * size)

    assert masked_size(frame) == len(frame.serialize(mask=True))
