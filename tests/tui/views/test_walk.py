"""Going through the two passes of a graph."""

from __future__ import annotations

from tui.views.walk import Walk


def test_it_goes_forward_over_all_nodes_and_then_back() -> None:
    walk = Walk(count=3)
    found = []
    for _ in range(6):
        walk.move(1)
        found.append((walk.node, walk.is_forward, walk.number))
    forward = [(0, True, 1), (1, True, 2), (2, True, 3)]
    assert found == [*forward, (2, False, 1), (1, False, 2), (0, False, 3)]
    walk.move(1)
    assert walk.node is None


def test_a_gradient_is_known_when_the_pass_backward_has_come_to_it() -> None:
    walk = Walk(count=3, place=1)
    assert [walk.has_value(node) for node in range(3)] == [True, True, False]
    assert not any(walk.has_gradient(node) for node in range(3))
    walk.move(3)
    assert [walk.has_gradient(node) for node in range(3)] == [False, True, True]


def test_whoever_goes_back_from_all_numbers_comes_to_the_last_gradient() -> None:
    walk = Walk(count=3)
    walk.move(-1)
    assert walk.node == 0
    assert not walk.is_forward
