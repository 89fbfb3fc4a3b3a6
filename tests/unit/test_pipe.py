"""Frames: the same however the bytes were split, and what is none is told in words."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtui.records import pipe
from adtui.records.errors import EngineError
from adtui.records.messages import Cancel, Done, Request
from adtui.records.pipe import HEADER, MAX_FRAME, FrameError, Frames, Pipe, decode, encode

MESSAGES: list[Request | Done] = [Cancel(1, 2), Done(3, "x" * 100)]
LIMIT = 50


def framed(body: bytes) -> bytes:
    return HEADER.pack(len(body)) + body


def cut(chunks: list[bytes], limit: int = LIMIT) -> tuple[list[bytes], str, str]:
    """The frames, where the bytes end, and the fault."""
    frames, found = Frames(limit), []
    try:
        for chunk in chunks:
            for frame in frames.feed(chunk):
                found.append(bytes(frame))
    except FrameError as error:
        return found, "", str(error)
    return found, frames.cut, ""


def split(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(at), len(data)]
    return [data[first:last] for first, last in itertools.pairwise(edges)]


@given(st.lists(st.binary(max_size=LIMIT)), st.binary(max_size=60), st.data())
def test_any_split_of_the_bytes_gives_the_same_frames(bodies: list[bytes], rest: bytes, data: st.DataObject) -> None:
    """Whole frames, and then anything: part of a frame, or what is none."""
    stream = b"".join(map(framed, bodies)) + rest
    at = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
    whole = cut([stream])
    assert whole[0][: len(bodies)] == bodies
    assert cut(split(stream, at)) == whole
    assert cut([stream[i : i + 1] for i in range(len(stream))]) == whole


@given(st.lists(st.binary(max_size=LIMIT)))
def test_whole_frames_leave_nothing(bodies: list[bytes]) -> None:
    assert cut([b"".join(map(framed, bodies))]) == (bodies, "", "")


@given(st.binary(max_size=LIMIT), st.data())
def test_where_the_bytes_end_is_said(body: bytes, data: st.DataObject) -> None:
    stream = framed(body)
    end = data.draw(st.integers(1, len(stream) - 1))
    after = end - HEADER.size
    said = f"of {len(body)} bytes, after {after}" if after >= 0 else f"frame's length, after {end} bytes"
    assert cut([stream[:end]])[1].endswith(said)


def test_a_frame_of_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert cut([framed(b"x" * LIMIT)]) == ([b"x" * LIMIT], "", "")
    found, _, fault = cut([framed(b"before"), framed(b"x" * (LIMIT + 1))])
    assert found == [b"before"]
    assert fault == f"sent a frame of {LIMIT + 1} bytes (something else printed to its stdout?)"


def test_text_in_place_of_a_frame_is_noticed_at_its_first_eight_bytes() -> None:
    assert "something else printed" in cut([b"warning:"], MAX_FRAME)[2]


def test_after_a_fault_it_stays_one() -> None:
    frames = Frames(LIMIT)
    for _ in range(2):
        with pytest.raises(FrameError, match="sent a frame"):
            list(frames.feed(framed(b"x" * 99)))


def test_messages_travel_both_ways() -> None:
    there = io.BytesIO()
    for message in MESSAGES:
        Pipe(io.BytesIO(), there).send(message)
    assert list(Pipe(io.BytesIO(there.getvalue()), io.BytesIO())) == MESSAGES


def test_a_frame_of_several_chunks_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "CHUNK", 7)
    assert list(Pipe(io.BytesIO(b"".join(map(encode, MESSAGES))), io.BytesIO())) == MESSAGES


def test_a_pipe_that_ends_too_early_has_given_what_was_whole() -> None:
    ends = iter(Pipe(io.BytesIO(encode(MESSAGES[0]) + encode(MESSAGES[1])[:-1]), io.BytesIO()))
    assert next(ends) == MESSAGES[0]
    with pytest.raises(FrameError, match=r"ended in the middle of a frame of \d+ bytes, after \d+"):
        next(ends)


def test_a_message_too_large_is_an_error_at_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = io.BytesIO()
    size = len(encode(MESSAGES[1])) - HEADER.size
    monkeypatch.setattr(pipe, "MAX_FRAME", size - 1)
    with pytest.raises(EngineError, match=f"Done: expected .* at most {size - 1} bytes, found {size} bytes"):
        Pipe(io.BytesIO(), sink).send(MESSAGES[1])
    assert sink.getvalue() == b""
    monkeypatch.setattr(pipe, "MAX_FRAME", size)
    Pipe(io.BytesIO(), sink).send(MESSAGES[1])
    assert len(sink.getvalue()) == HEADER.size + size


@pytest.mark.parametrize("body", [b"", b"hello", b"cno.such\nmodule\n."])
def test_a_frame_that_is_no_message_is_told(body: bytes) -> None:
    with pytest.raises(FrameError, match=f"sent a frame of {len(body)} bytes that is no message"):
        decode(body)
