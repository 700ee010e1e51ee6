"""Whatever TOML can say: a spec, or one clean line about what is wrong."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.fields import Section
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.method.spec import PROBLEMS, SECTIONS, RunSpec, checked_spec
from tests.engine.method.specs import EXPRESSION, LANDSCAPE, LINE, MOONS

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["landscape", "dataset", "moons", "digits", "sgd", "adam", "full", "relu", "float64", "\x1b[2J\n"]),
    st.just(dt.date(2020, 2, 29)),
    st.just(dt.time(12, 30)),
)
keys = st.one_of(
    st.sampled_from([*RunSpec.model_fields, "kind", "name", "lr", "size", "hidden", "start", "\x1b[31m", "a\nb"]),
    st.text(max_size=6),
)
nested = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
section_names: list[str] = [*SECTIONS, "problem", "optimizer", "schedule", "precision"]


def fields_of(section: str) -> list[str]:
    """Return the names of a section's fields, of a union those of every member; none for a field that is no table."""
    members: dict[str, list[type[Section]]] = {name: [kind] for name, kind in SECTIONS.items()}
    members |= {"problem": list(PROBLEMS), "optimizer": list(RULES.values()), "schedule": list(SCHEDULES.values())}
    return sorted({name for kind in members.get(section, []) for name in kind.model_fields})


def assert_one_clean_line(data: Any) -> None:
    try:
        spec = checked_spec(data, "lesson.toml")
    except InputError as refusal:
        message = str(refusal)
        assert message.startswith("lesson.toml: ")
        assert "; allowed: " in message
        assert len(message) < 1000
        assert message.isprintable() or "\u200d" in message or "\ufffd" in message
        assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in message)
    else:
        assert checked_spec(spec.as_given(), "again.toml") == spec


@settings(max_examples=150)
@given(data=st.dictionaries(keys, nested, max_size=4))
def test_no_table_however_strange_raises_anything_but_one_clean_line(data: dict[str, Any]) -> None:
    assert_one_clean_line(data)


@settings(max_examples=200)
@given(
    base=st.sampled_from([LANDSCAPE, EXPRESSION, MOONS, LINE]), section=st.sampled_from(section_names), data=st.data()
)
def test_no_value_in_any_known_field_raises_anything_but_one_clean_line(
    base: dict[str, Any], section: str, data: st.DataObject
) -> None:
    """One field of an otherwise right spec gets anything that TOML can say."""
    names = fields_of(section)
    if not names:
        assert_one_clean_line({**base, section: data.draw(nested)})
        return
    names_of = {"optimizer": list(RULES), "schedule": list(SCHEDULES)}
    start: dict[str, Any] = {"name": data.draw(st.sampled_from(names_of[section]))} if section in names_of else {}
    field = data.draw(st.sampled_from(names))
    assert_one_clean_line({**base, section: {**start, **base.get(section, {}), field: data.draw(nested)}})
