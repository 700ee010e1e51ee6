"""What is said arrives as it was said, however the stream is cut; what is not of the protocol is refused as that."""

from __future__ import annotations

import contextlib
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.method.telemetry import FIGURES, SERIES, StepBlock, TensorFigures
from engine.run import commands, events
from engine.run.encoding import framed, framed_figures, framed_seen, framed_steps, parsed_command, parsed_event
from engine.run.frames import (
    HEADER,
    KIND_FIGURES,
    KIND_JSON,
    KIND_STEPS,
    MAXIMUM_COMMAND,
    MAXIMUM_EVENT,
    FrameReader,
    ProtocolError,
)

LIMIT = 64 * 1024
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
SEQUENCES = st.integers(0, (1 << 53) - 1)
LANES = st.integers(0, 63)
MEANT = st.none() | LANES
FIELDS = st.dictionaries(st.text(max_size=20), SCALARS, min_size=1, max_size=8)

COMMANDS: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        commands.Hello,
        seq=SEQUENCES,
        lane=MEANT,
        version=st.integers(),
        name=st.text(max_size=64),
        watch=st.sampled_from(["live", "all", "nothing"]),
    ),
    st.builds(commands.SetFields, seq=SEQUENCES, lane=MEANT, values=FIELDS, expected=FIELDS, carry=st.booleans()),
    st.builds(
        commands.Turn,
        seq=SEQUENCES,
        lane=MEANT,
        key=st.text(max_size=64),
        factor=st.floats(0.0, 1e6, exclude_min=True),
    ),
    st.builds(commands.Reset, seq=SEQUENCES, lane=MEANT, keep=st.booleans()),
    st.builds(
        commands.FindRate,
        seq=SEQUENCES,
        lane=MEANT,
        low=st.floats(0.0, 1e6, exclude_min=True),
        high=st.floats(0.0, 1e6, exclude_min=True),
        steps=st.integers(20, 1000),
    ),
    st.builds(
        commands.Inspect,
        seq=SEQUENCES,
        lane=MEANT,
        about=st.text(max_size=64),
        settings=st.none() | FIELDS,
        topic=st.text(max_size=64),
    ),
    *(
        st.builds(kind, seq=SEQUENCES, lane=MEANT)
        for kind in (commands.Pause, commands.Resume, commands.StepOnce, commands.Stop)
    ),
)

WORDS = st.text(max_size=20)
COUNTS = st.integers(0, 1 << 53)
STATES = st.sampled_from(["waiting", "running", "paused", "ended", "diverged"])
SPECS = st.dictionaries(WORDS, st.dictionaries(WORDS, SCALARS | st.lists(st.integers()), max_size=3), max_size=3)
AT = {"lane": LANES, "segment": COUNTS, "step": COUNTS}

EVENTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        events.Welcomed,
        **dict.fromkeys(("run", "preset", "title", "see", "try_", "directory"), WORDS),
        **dict.fromkeys(("version", "pid", "segment", "samples"), COUNTS),
        recorded=st.booleans(),
        state=STATES,
        lanes=st.lists(
            st.builds(events.LaneStatus, title=WORDS, state=STATES, step=COUNTS, spec=SPECS), min_size=1, max_size=3
        ).map(tuple),
        tensors=st.lists(
            st.builds(events.TensorShape, name=WORDS, shape=st.lists(st.integers(0, 99), max_size=3).map(tuple)),
            max_size=3,
        ).map(tuple),
        splits=st.lists(WORDS, max_size=3).map(tuple),
    ),
    st.builds(
        events.Applied,
        **AT,
        seq=SEQUENCES,
        actor=WORDS,
        command=WORDS,
        state=STATES,
        changes=st.lists(st.builds(events.ChangedField, key=WORDS, old=SCALARS, new=SCALARS), max_size=3).map(tuple),
        spec=SPECS,
    ),
    st.builds(events.Rejected, seq=SEQUENCES, reason=WORDS),
    st.builds(
        events.RatesSwept,
        seq=SEQUENCES,
        **dict.fromkeys(("lr", "loss", "smoothed"), st.lists(NUMBERS, max_size=3).map(tuple)),
        has_exploded=st.booleans(),
        suggestions=st.lists(st.builds(events.SuggestedRate, name=WORDS, lr=NUMBERS, why=WORDS), max_size=2).map(tuple),
    ),
    st.builds(
        events.Progressed,
        **AT,
        state=STATES,
        epochs=NUMBERS,
        batches_per_epoch=COUNTS,
        steps_per_second=NUMBERS,
        seconds_left=st.none() | NUMBERS,
        threads=COUNTS,
        lr=st.none() | NUMBERS,
        rate_sum=NUMBERS,
        rate_squares=NUMBERS,
        problem=st.none() | WORDS,
    ),
    st.builds(events.Evaluated, **AT, split=WORDS, loss=NUMBERS, accuracy=st.none() | NUMBERS),
    st.builds(events.Diverged, **AT, quantity=WORDS, tensor=WORDS, updates=st.none() | COUNTS),
    st.builds(events.Judged, **AT, reached=st.booleans(), text=WORDS, reason=WORDS),
    st.builds(events.Warned, **AT, about=WORDS, tensor=WORDS, text=WORDS, advice=WORDS, over=st.booleans()),
    st.builds(
        events.Finished,
        **AT,
        reason=WORDS,
        loss=NUMBERS,
        steps_per_second=NUMBERS,
        parameters=st.none() | st.lists(NUMBERS, max_size=5).map(tuple),
    ),
    st.builds(events.Failed, text=WORDS),
)


def only_frame(stream: bytes, limit: int = MAXIMUM_EVENT) -> tuple[int, bytes]:
    (frame,) = FrameReader(limit).feed(stream)
    return frame


def likeness(value: Any) -> Any:
    """A value that equals another one's only if type and bits are the same, nan included."""
    match value:
        case float():
            return ("float", "nan" if math.isnan(value) else struct.pack("<d", value))
        case dict():
            return {key: likeness(item) for key, item in value.items()}
        case list() | tuple():
            return [likeness(item) for item in value]
        case _:
            return (type(value).__name__, value)


@given(COMMANDS)
def test_every_command_comes_back_as_it_was_said(command: Any) -> None:
    """A whole number stays one, and true does not turn into 1: `batch.size = 1.0` would be another command."""
    back = parsed_command(*only_frame(framed(command)))
    assert type(back) is type(command)
    assert likeness(back.model_dump()) == likeness(command.model_dump())


@given(EVENTS)
def test_every_event_comes_back_as_it_was_said(event: Any) -> None:
    """Also a loss or a parameter that is not a finite number."""
    back = parsed_event(*only_frame(framed(event)))
    assert type(back) is type(event)
    assert likeness(back.model_dump()) == likeness(event.model_dump())


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_travels_as_json_that_every_program_reads(loss: float) -> None:
    _, body = only_frame(framed(events.Evaluated(lane=0, segment=1, step=2, split="x", loss=loss, accuracy=None)))
    for name in (b":NaN", b":Infinity", b":-Infinity", b":null,"):
        assert name not in body


@given(
    st.integers(0, (1 << 32) - 1),
    st.integers(0, (1 << 32) - 1),
    st.integers(0, (1 << 64) - 1),
    st.lists(st.tuples(*[NUMBERS] * len(SERIES)), min_size=1, max_size=20),
)
def test_the_numbers_of_steps_arrive_bit_for_bit(
    lane: int, segment: int, first: int, steps: list[tuple[float, ...]]
) -> None:
    values = np.array(steps).T
    back = parsed_event(*only_frame(framed_steps(lane, segment, StepBlock(first_step=first, values=values))))
    assert isinstance(back, events.Steps)
    assert (back.lane, back.segment, back.block.first_step) == (lane, segment, first)
    assert back.block.values.tobytes() == values.tobytes()


@given(st.integers(0, (1 << 64) - 1), st.lists(st.tuples(*[NUMBERS] * len(FIGURES)), min_size=1, max_size=20))
def test_the_figures_of_tensors_arrive_bit_for_bit(step: int, tensors: list[tuple[float, ...]]) -> None:
    values = np.array(tensors)
    spread = np.random.default_rng(len(tensors)).standard_normal((len(tensors), 4, 5)).astype(np.float32)
    for kept in (False, True):
        figures = TensorFigures(step=step, values=values, spread=spread, evaluations=11)
        back = parsed_event(*only_frame(framed_figures(3, 7, figures, kept=kept)))
        assert isinstance(back, events.Figures)
        assert (back.lane, back.segment, back.figures.step, back.kept) == (3, 7, step, kept)
        assert back.figures.values.tobytes() == values.tobytes()
        assert back.figures.evaluations == (11 if kept else 0)
        assert (None if back.figures.spread is None else back.figures.spread.tobytes()) == (
            spread.tobytes() if kept else None
        )


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=12), st.data())
def test_frames_survive_any_cutting(frames: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(HEADER.pack(len(body), kind) + body for kind, body in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    reader = FrameReader(LIMIT)
    found = []
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:stop])
    assert found == frames


def test_a_frame_comes_out_with_its_last_byte_and_not_before() -> None:
    stream = framed(commands.Pause(seq=1))
    reader = FrameReader(LIMIT)
    for byte in stream[:-1]:
        assert reader.feed(bytes([byte])) == []
    assert len(reader.feed(stream[-1:])) == 1


def test_a_frame_of_the_greatest_length_is_read_and_a_longer_one_refused_before_it_arrives() -> None:
    longest = HEADER.pack(LIMIT, 0) + bytes(LIMIT)
    assert only_frame(longest, LIMIT) == (0, bytes(LIMIT))
    with pytest.raises(ProtocolError, match=f"{LIMIT + 1} bytes"):
        FrameReader(LIMIT).feed(HEADER.pack(LIMIT + 1, 0))


@given(st.binary(max_size=300))
def test_garbage_in_a_stream_is_a_protocol_error_and_nothing_else(garbage: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        for kind, body in FrameReader(MAXIMUM_COMMAND).feed(garbage):
            parsed_command(kind, body)


@given(st.integers(0, 255), st.binary(max_size=300))
def test_a_frame_with_a_garbled_body_is_a_protocol_error_and_nothing_else(kind: int, body: bytes) -> None:
    for parse in (parsed_command, parsed_event):
        with pytest.raises(ProtocolError):
            parse(kind, body)


BROKEN_JSON = {
    "arrays 30,000 deep": b"[" * 30_000,
    "tables 10,000 deep": b'{"kind":' * 10_000 + b"0" + b"}" * 10_000,
    "a spec 10,000 deep": b'{"kind":"set","seq":1,"values":{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}}",
    "a number of 20,000 digits": b'{"kind":"pause","seq":' + b"9" * 20_000 + b"}",
    "bytes that are not UTF-8": b'{"kind":"turn","seq":1,"key":"\xff\xfe","factor":2.0}',
    "half a surrogate pair": b'{"kind":"turn","seq":1,"key":"\\ud800","factor":2.0}',
    "no kind": b'{"seq":1}',
    "an unknown kind": b'{"kind":"explode","seq":1}',
    "an unknown field": b'{"kind":"pause","seq":1,"harder":true}',
    "a negative number": b'{"kind":"pause","seq":-1}',
    "a number that JavaScript cannot count to": b'{"kind":"pause","seq":9007199254740992}',
    "a lane that no run has": b'{"kind":"pause","seq":1,"lane":64}',
    "a factor of nan": b'{"kind":"turn","seq":1,"key":"optimizer.lr","factor":NaN}',
    "a factor of inf as text": b'{"kind":"turn","seq":1,"key":"optimizer.lr","factor":"inf"}',
    "a factor of zero": b'{"kind":"turn","seq":1,"key":"optimizer.lr","factor":0}',
    "no fields": b'{"kind":"set","seq":1,"values":{}}',
    "a list as a value": b'{"kind":"set","seq":1,"values":{"model.hidden":[1]}}',
    "a long name": b'{"kind":"hello","seq":1,"version":1,"watch":"all","name":"' + b"x" * 65 + b'"}',
    "an event": b'{"kind":"failed","text":"no"}',
    "nothing": b"",
}


@pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON.keys())
def test_a_command_that_is_none_is_refused_in_one_clean_line(body: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        parsed_command(KIND_JSON, body)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param(KIND_STEPS, struct.pack("<IIQI", 0, 1, 1, 3) + bytes(3 * 5 * 8), id="steps"),
        pytest.param(KIND_FIGURES, struct.pack("<IIQII", 0, 1, 1, 3, 0) + bytes(3 * 5 * 8), id="figures"),
        pytest.param(KIND_FIGURES, struct.pack("<IIQII", 0, 1, 1, 3, 1) + bytes(8 + 3 * 120), id="kept"),
    ],
)
@pytest.mark.parametrize("extra", [-120, -9, -8, -1, 1, 7, 8, 120])
def test_a_block_whose_length_is_not_what_its_head_says_is_refused(kind: int, body: bytes, extra: int) -> None:
    """A frame of 3 steps or 3 tensors that lost or gained some bytes."""
    parsed_event(kind, body)
    with pytest.raises(ProtocolError):
        parsed_event(kind, body[:extra] if extra < 0 else body + bytes(extra))


def test_a_head_that_claims_more_than_all_memory_is_refused_at_once() -> None:
    with pytest.raises(ProtocolError):
        parsed_event(KIND_STEPS, struct.pack("<IIQI", 0, 1, 1, (1 << 32) - 1) + bytes(40))


ARRAYS = st.dictionaries(
    st.text(max_size=10),
    st.tuples(st.sampled_from(["f8", "f4", "i4", "u1"]), st.lists(st.integers(0, 4), max_size=3)).map(
        lambda kind: np.arange(np.prod(kind[1], dtype=int)).astype(kind[0]).reshape(kind[1])
    ),
    max_size=4,
)
FACTS = st.dictionaries(st.text(max_size=10), SCALARS | st.lists(NUMBERS | st.text(), max_size=3), max_size=4)


@given(FACTS, ARRAYS, st.floats(0.0, 1.0))
def test_what_was_seen_arrives_as_it_was(facts: dict[str, Any], arrays: dict[str, Any], share: float) -> None:
    sight = events.Seen(seq=3, lane=1, segment=2, step=40, about="it", share=share, facts=facts, arrays=dict(arrays))
    ((kind, body),) = FrameReader(MAXIMUM_EVENT).feed(framed_seen(sight))
    arrived = parsed_event(kind, body)
    assert isinstance(arrived, events.Seen)
    assert repr(arrived.model_dump(exclude={"arrays"})) == repr(sight.model_dump(exclude={"arrays"}))
    assert list(arrived.arrays) == list(arrays)
    for name, array in arrays.items():
        assert arrived.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrived.arrays[name], array)


def test_numbers_that_are_not_finite_arrive_as_these_numbers() -> None:
    facts = {"numbers": [math.nan, math.inf, -math.inf]}
    sight = events.Seen(seq=1, lane=0, segment=1, step=0, about="it", share=1.0, facts=facts, arrays={})
    ((kind, body),) = FrameReader(MAXIMUM_EVENT).feed(framed_seen(sight))
    arrived = parsed_event(kind, body)
    assert isinstance(arrived, events.Seen)
    assert repr(arrived.facts["numbers"]) == "[nan, inf, -inf]"


SIGHT = b'{"seq": 1, "lane": 0, "segment": 1, "step": 1, "about": "x", "share": 1, "facts": {}, "arrays": [%b]}'


@pytest.mark.parametrize(
    "head",
    [
        b"{}",
        b"[]",
        b'{"arrays": 5}',
        SIGHT % b'["a", "O", 1]',
        SIGHT % b'["a", "<f8", 9]',
        SIGHT % b'["a", "<f8", -2]',
        SIGHT % b'["a", "<f8", -2, -3]',
        b"{" * 10_000,
    ],
)
def test_a_sight_that_is_none_is_refused_as_that(head: bytes) -> None:
    with pytest.raises(ProtocolError):
        parsed_event(3, struct.pack("<I", len(head)) + head)
