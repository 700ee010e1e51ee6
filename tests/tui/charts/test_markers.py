"""The labels of live changes: all readable, none over another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.run.events import ChangedField
from tui.charts.labels import net_label
from tui.charts.markers import Marker, PlacedLabel, marker_columns, marker_labels
from tui.wording import label_of

XLIM = (0.0, 100.0)


def placed(*steps_and_labels: tuple[float, str], width: int = 101) -> list[PlacedLabel]:
    return marker_labels([Marker(step=step, label=label) for step, label in steps_and_labels], XLIM, width)


def test_a_label_stands_to_the_right_of_its_line() -> None:
    assert placed((50.0, "α 0.1")) == [PlacedLabel(column=50, row=0, start=51, text="α 0.1")]


def test_near_the_right_edge_a_label_stands_to_the_left() -> None:
    assert placed((98.0, "α 0.1")) == [PlacedLabel(column=98, row=0, start=93, text="α 0.1")]


def test_labels_that_would_collide_stand_on_different_rows() -> None:
    assert [
        (label.row, label.text)
        for label in placed((10, "the first"), (12, "the second"), (14, "the third"), (30, "a later one"))
    ] == [
        (0, "the first"),
        (1, "the second"),
        (2, "the third"),
        (0, "a later one"),
    ]


def test_a_fourth_label_in_the_crowd_merges_with_the_third() -> None:
    labels = placed((10, "first one"), (12, "second one"), (14, "third one"), (16, "fourth one"), (18, "fifth one"))
    assert [(label.column, label.row, label.text) for label in labels] == [
        (10, 0, "first one"),
        (12, 1, "second one"),
        (18, 2, "third one, fourth one, fifth one (3 changes)"),
    ]


def test_markers_in_one_column_show_the_last_and_their_number() -> None:
    steps = [(50.0 + number / 100.0, f"α 0.{number}") for number in range(1, 6)]
    assert [label.text for label in placed(*steps)] == ["α 0.5 (5 changes)"]
    assert marker_columns([Marker(step=step, label=label) for step, label in steps], XLIM, 101) == [50]


def turned(*steps: tuple[str, str | float, str | float]) -> list[str]:
    return [label_of((ChangedField(key=key, old=old, new=new),)) for key, old, new in steps]


def test_a_group_of_changes_tells_what_is_left_of_them() -> None:
    """The batch came back to its old size, and the rule as well; the rate did not."""
    labels = turned(
        ("optimizer.lr", 0.1, 0.2),
        ("batch.size", 8, 16),
        ("optimizer.name", "adam", "sgd"),
        ("optimizer.lr", 0.2, 0.4),
        ("optimizer.name", "sgd", "adam"),
        ("batch.size", 16, 8),
    )
    texts = [label.text for label in placed(*((50.0 + number / 100.0, each) for number, each in enumerate(labels)))]
    assert texts == ["α 0.4 (6 changes)"]
    rules = turned(("optimizer.name", "adam", "sgd"), ("optimizer.name", "sgd", "lion"))
    assert net_label(rules) == "adam → lion"


def test_a_group_of_which_nothing_is_left_says_so() -> None:
    labels = turned(("optimizer.lr", 0.1, 0.2), ("optimizer.lr", 0.2, 0.1))
    assert [label.text for label in placed((50.0, labels[0]), (50.1, labels[1]))] == ["undone (2 changes)"]
    assert net_label(labels) == "several changes undone"


def test_markers_without_a_label_have_no_part_in_one() -> None:
    """The view of the schedule draws lines for the changes and says only where the present is."""
    assert [label.text for label in placed((50.0, ""), (50.1, ""), (50.2, "now"))] == ["now"]
    assert placed((50.0, "")) == []


def test_a_label_wider_than_the_canvas_is_cut_off_but_keeps_its_number() -> None:
    texts = [label.text for label in placed((50.0, "adam → rmsprop"), (50.1, "rmsprop → adam"), width=21)]
    assert texts == ["adam … (2)"]


def test_wide_characters_cannot_push_a_row_out_of_line() -> None:
    assert [label.text for label in placed((10.0, "学 0.1"))] == ["\N{REPLACEMENT CHARACTER} 0.1"]


def test_markers_outside_the_axis_are_not_drawn() -> None:
    assert placed((-1.0, "before"), (101.0, "after")) == []


@given(
    steps=st.lists(st.floats(-10.0, 110.0), max_size=40),
    lengths=st.lists(st.integers(0, 30), min_size=40, max_size=40),
    width=st.integers(0, 120),
    rows=st.integers(0, 3),
)
def test_no_two_labels_overlap_and_no_change_is_lost(
    steps: list[float], lengths: list[int], width: int, rows: int
) -> None:
    markers = [Marker(step=step, label="m" * length) for step, length in zip(steps, lengths, strict=False)]
    columns = marker_columns(markers, XLIM, width)
    assert columns == sorted(set(columns))
    taken: set[tuple[int, int]] = set()
    for label in marker_labels(markers, XLIM, width, rows):
        cells = {(label.row, column) for column in range(label.start, label.start + len(label.text))}
        assert label.column in columns
        assert cells
        assert not cells & taken
        assert all(0 <= column < width and 0 <= row < rows for row, column in cells)
        taken |= cells
    if width >= 60 and rows and all(marker.label for marker in markers):
        counts = [
            label.text.rpartition("(")[2].removesuffix(" changes)")
            for label in marker_labels(markers, XLIM, width, rows)
        ]
        drawn = sum(int(count) if count.isdigit() else 1 for count in counts)
        assert drawn == sum(XLIM[0] <= marker.step <= XLIM[1] for marker in markers)
