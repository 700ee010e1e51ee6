"""Layered graphs: no line runs through a box, and no two edges share an upright line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.charts.layers import plan

Operands = tuple[tuple[int, ...], ...]


@st.composite
def graphs(draw: st.DrawFn) -> Operands:
    """Nodes of none, one or two operands before them."""
    count = draw(st.integers(1, 12))
    return tuple(tuple(draw(st.lists(st.integers(0, node - 1), max_size=2))) if node else () for node in range(count))


def test_a_chain_is_level() -> None:
    found = plan(((), (0,), (1,)), 5, 1)
    assert found.layers == (0, 1, 2)
    assert found.rows == (0, 0, 0)
    assert all(bend.from_row == bend.to_row == 2 for bend in found.bends)


def test_an_operand_stands_just_before_its_first_use() -> None:
    """In (x + y)·z the variable z is not needed before the product."""
    assert plan(((), (), (), (0, 1), (3, 2)), 5, 1).layers == (0, 0, 1, 1, 2)


@given(graphs())
def test_edges_lead_to_the_right_and_end_at_their_node(operands: Operands) -> None:
    found = plan(operands, 5, 1)
    arriving = [bend.edge for bend in found.bends if bend.arrives]
    assert sorted((edge.node, edge.operand) for edge in arriving) == sorted(
        (node, operand) for node, slots in enumerate(operands) for operand in slots
    )
    for bend in found.bends:
        assert found.layers[bend.edge.operand] <= bend.channel < found.layers[bend.edge.node]
        if bend.arrives:
            top = found.rows[bend.edge.node]
            assert top <= bend.to_row < top + 5


@given(graphs(), st.sampled_from([(5, 1), (3, 0)]))
def test_nothing_in_a_layer_lies_on_something_else(operands: Operands, size: tuple[int, int]) -> None:
    found = plan(operands, *size)
    taken: set[tuple[int, int]] = set()
    for layer, row in zip(found.layers, found.rows, strict=True):
        cells = {(layer, place) for place in range(row, row + size[0])}
        assert not cells & taken
        taken |= cells
    passing = [(layer, row) for _, layer, row in found.passing]
    assert len(set(passing)) == len(passing)
    assert not taken & set(passing)


@given(graphs())
def test_every_stretch_that_is_not_level_has_an_upright_line_of_its_own(operands: Operands) -> None:
    found = plan(operands, 5, 1)
    turning = [bend for bend in found.bends if bend.from_row != bend.to_row]
    lines = {(bend.channel, bend.track) for bend in turning}
    assert len(lines) == len(turning)
    assert all(0 <= track < found.tracks[channel] for channel, track in lines)
