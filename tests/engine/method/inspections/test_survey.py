"""Values over a grid: each is worked out once, and what is told first is a part of what is told later."""

from __future__ import annotations

from collections.abc import Generator

from engine.method.inspections.survey import coarse_to_fine


def test_no_value_of_a_grid_is_worked_out_twice_and_coarse_ones_lie_in_the_finer() -> None:
    """Five rows and seven columns, of which a stride of four takes two rows and two columns."""
    asked: list[tuple[int, int]] = []

    def value(row: int, column: int) -> Generator[None, None, float]:
        asked.append((row, column))
        yield
        return 10.0 * row + column

    told = [each for each in coarse_to_fine(value, (5, 7), (4, 2, 1)) if each is not None]
    assert len(asked) == len(set(asked)) == 35
    assert [stride for stride, _ in told] == [4, 2, 1]
    assert told[0][1].tolist() == [[0.0, 4.0], [40.0, 44.0]]
    finest = told[-1][1]
    for stride, values in told:
        assert values.tolist() == finest[::stride, ::stride].tolist()
    assert finest[3, 5] == 35.0
