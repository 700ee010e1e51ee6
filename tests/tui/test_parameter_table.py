"""The table of parameter tensors: every figure under its heading, at any width and with any number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.cells import cell_len
from textual.app import App, ComposeResult

from engine.run.events import TensorShape
from tui.theme import DARK
from tui.widgets.parameter_table import COLUMNS, NAME, Order, ParameterTable

USUAL = (12.36, 0.5585, 0.009429, 0.1061, 0.001018)


class TableApp(App[None]):
    """Nothing but one table."""

    CSS = "ParameterTable { height: 100%; }"

    def __init__(self, tensors: Sequence[TensorShape], *, cursor: bool = False) -> None:
        super().__init__()
        self.table = ParameterTable(tensors, cursor=cursor)

    def compose(self) -> ComposeResult:
        """Yield the table."""
        yield self.table

    def on_mount(self) -> None:
        """Take the dashboard's theme."""
        self.register_theme(DARK)
        self.theme = DARK.name


def tensors(count: int) -> list[TensorShape]:
    return [
        TensorShape(name=f"layer{number // 2 + 1}.{('weight', 'bias')[number % 2]}", shape=(64, 32)[: 2 - number % 2])
        for number in range(count)
    ]


def figures(count: int, row: Sequence[float] = USUAL) -> NDArray[np.float64]:
    return np.array([row] * count, dtype=np.float64)


def screen_rows(app: App[None]) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def test_the_whole_table_as_text() -> None:
    app = TableApp([TensorShape(name="layer1.weight", shape=(64, 32)), TensorShape(name="layer1.bias", shape=(32,))])
    async with app.run_test(size=(100, 5)):
        app.table.show(np.array([USUAL, (0.0, 1e-9, math.nan, 0.1, math.inf)]))
        assert app.table.export().splitlines() == [
            "parameter      shape           ‖w‖           ‖g‖        RMS √v̂   effective α      ‖Δw‖/‖w‖",
            "layer1.weight  64×32         12.36        0.5585      0.009429        0.1061      0.001018",
            "layer1.bias    32                0          1e-9             –           0.1           inf",
        ]


async def test_before_the_first_measurement_every_figure_is_a_dash() -> None:
    app = TableApp(tensors(2))
    async with app.run_test(size=(100, 5)):
        app.table.show(None)
        _, *rows = app.table.export().splitlines()
        assert [row.split()[2:] for row in rows] == [["–"] * len(COLUMNS)] * 2


@pytest.mark.parametrize("count", [1, 6, 100])
async def test_the_heading_stays_and_every_tensor_can_be_reached(count: int) -> None:
    app = TableApp(tensors(count))
    async with app.run_test(size=(100, 7)) as pilot:
        app.table.show(figures(count))
        assert len(app.table.export().splitlines()) == count + 1
        await pilot.press("tab", "end")
        await pilot.pause()
        heading, *rows = screen_rows(app)
        assert heading.startswith("parameter")
        shown = [row.split()[0] for row in rows if row.strip()]
        assert shown == [tensor.name for tensor in tensors(count)][-6:]


NASTY = (
    (0.0, 0.0, 0.0, 0.0, 0.0),
    (math.nan, math.inf, math.nan, math.inf, math.nan),
    (1.7976931348623157e308, 5e-324, 3.68104873356319e-294, 1.234e-100, 2.2250738585072014e-308),
    (99999.5, 9999.95, 0.00099995, 0.000999949, 1e5),
    (1.23456e-10, 9.9999e-10, 1.23456e10, 123456.0, 0.123456),
)


async def test_figures_stand_under_their_headings_and_never_touch() -> None:
    app = TableApp([TensorShape(name="layer1.weight", shape=(64, 64)), TensorShape(name="学习率", shape=(64,))])
    async with app.run_test(size=(45, 4)) as pilot:
        for width in range(33, 120, 3):
            await pilot.resize_terminal(width, 4)
            for row in NASTY:
                app.table.show(figures(2, row))
                heading, *lines = app.table.export().splitlines()
                titles = re.findall(r"RMS √v̂|effective α|eff\. α|\S+", heading)
                assert {cell_len(line) for line in lines} == {cell_len(heading)}
                assert [len(line.split()) for line in lines] == [len(titles)] * 2


@pytest.mark.parametrize(
    ("width", "titles"),
    [(100, 5), (80, 5), (62, 4), (52, 3), (42, 2), (32, 1)],
)
async def test_a_narrow_table_drops_columns_but_never_the_second_moment(width: int, titles: int) -> None:
    app = TableApp(tensors(6))
    async with app.run_test(size=(width, 8)):
        app.table.show(figures(6))
        heading, *rows = app.table.export().splitlines()
        assert "√v̂" in heading
        assert all(cell_len(row) <= width for row in [heading, *rows])
        assert {len(row.split()) for row in rows} == {2 + titles}
        assert all("0.009429" in row for row in rows)


@pytest.mark.parametrize("width", [1, 2, 5, 9, 15, 24, 31])
async def test_a_table_without_room_is_cut_off_and_nothing_worse(width: int) -> None:
    app = TableApp(tensors(6))
    async with app.run_test(size=(width, 3)) as pilot:
        app.table.show(figures(6))
        await pilot.pause()
        assert [cell_len(row) for row in screen_rows(app)] == [width] * 3


async def test_only_the_tensor_that_changed_is_drawn_again() -> None:
    app = TableApp(tensors(6))
    async with app.run_test(size=(100, 8)):
        app.table.show(figures(6))
        assert app.table.show(figures(6)) == 0
        changed = figures(6)
        changed[3, 1] = 7.0
        assert app.table.show(changed) == 1


async def test_an_update_that_is_far_too_large_stands_out() -> None:
    app = TableApp(tensors(1))
    looks = {}
    async with app.run_test(size=(100, 3)) as pilot:
        for ratio in (0.001, 0.5, 1e-9, math.inf):
            app.table.show(figures(1, (1.0, 1.0, 1.0, 1.0, ratio)))
            await pilot.pause()
            strip = app.screen._compositor.render_strips()[1]
            looks[ratio] = [segment.style for segment in strip if segment.text.strip()][-1]
    assert looks[0.5] == looks[1e-9]
    assert len({looks[0.001], looks[0.5], looks[math.inf]}) == 3


async def test_a_hostile_name_cannot_move_the_cursor() -> None:
    app = TableApp([TensorShape(name="w\x1b[2J\n\t", shape=(2,))])
    async with app.run_test(size=(80, 3)):
        app.table.show(figures(1))
        _, row = app.table.export().split("\n")
        assert row.isprintable()


async def test_a_wide_name_does_not_shift_its_figures() -> None:
    app = TableApp([TensorShape(name="学习率", shape=(2,)), TensorShape(name="weight", shape=(2,))])
    async with app.run_test(size=(100, 4)):
        app.table.show(figures(2))
        assert len({cell_len(line) for line in app.table.export().splitlines()}) == 1


# ---- sorted, filtered, and with a cursor


def names_shown(app: TableApp) -> list[str]:
    return [row.removeprefix("▸ ").split()[0] for row in app.table.export().splitlines()[1:]]


async def test_a_heading_sorts_by_its_column_the_largest_first_then_the_least_then_not_at_all() -> None:
    app = TableApp(tensors(4))
    async with app.run_test(size=(100, 8)) as pilot:
        unsorted = figures(4)
        unsorted[:, 1] = [2.0, math.nan, 7.0, 1.0]
        app.table.show(unsorted)
        x = app.table.export().splitlines()[0].index("‖g‖")
        orders = []
        for _ in range(3):
            await pilot.click(ParameterTable, offset=(x, 0))
            orders.append((names_shown(app), re.findall("[▲▼]", app.table.export())))
        model = [tensor.name for tensor in tensors(4)]
        # A figure that is not known is neither the largest nor the least.
        assert orders == [
            ([model[2], model[0], model[3], model[1]], ["▼"]),
            ([model[3], model[0], model[2], model[1]], ["▲"]),
            (model, []),
        ]


async def test_rows_change_places_when_their_figures_do() -> None:
    app = TableApp(tensors(2))
    async with app.run_test(size=(100, 8)):
        app.table.sort(Order(column=0, falls=True))
        for norms in ((1.0, 2.0), (2.0, 1.0)):
            values = figures(2)
            values[:, 0] = norms
            app.table.show(values)
            assert names_shown(app)[0] == tensors(2)[int(np.argmax(norms))].name


async def test_names_are_sorted_as_people_count_and_shapes_by_their_size() -> None:
    app = TableApp(tensors(24))
    async with app.run_test(size=(100, 30)):
        app.table.show(figures(24))
        app.table.sort_by_next()
        assert names_shown(app)[-2:] == ["layer12.bias", "layer12.weight"]
        app.table.sort_by_next()
        assert {name.split(".")[1] for name in names_shown(app)[:12]} == {"bias"}


@pytest.mark.parametrize(("pattern", "count"), [("bias", 12), ("BIAS", 12), (r"^layer[12]\.", 4), ("(", 0), ("", 24)])
async def test_a_filter_is_a_regular_expression_or_plain_text(pattern: str, count: int) -> None:
    app = TableApp(tensors(24))
    async with app.run_test(size=(100, 30)):
        app.table.show(figures(24))
        app.table.select(pattern)
        assert len(app.table.export().splitlines()) - 1 == len(app.table.tensors) == count


@pytest.mark.parametrize("count", [6, 100])
async def test_only_rows_that_can_be_seen_are_made(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    app = TableApp(tensors(count))
    async with app.run_test(size=(100, 7)) as pilot:
        app.table.show(figures(count))
        made: list[int] = []
        row = ParameterTable._row

        def counted(table: ParameterTable, tensor: int, layout: Any) -> Any:
            made.append(tensor)
            return row(table, tensor, layout)

        monkeypatch.setattr(ParameterTable, "_row", counted)
        app.table.show(figures(count))
        assert len(made) == 6
        await pilot.press("tab", "end")
        await pilot.pause()
        assert made[-6:] == list(range(count - 6, count))


async def test_the_cursor_stays_on_its_tensor_wherever_that_goes() -> None:
    app = TableApp(tensors(100), cursor=True)
    async with app.run_test(size=(100, 7)) as pilot:
        app.table.show(figures(100))
        app.table.move(3)
        await pilot.click(ParameterTable, offset=(5, 2))
        assert app.table.chosen == 1
        app.table.sort(Order(column=NAME, falls=True))
        await pilot.pause()
        assert [row for row in screen_rows(app) if row.startswith("▸ layer1.bias")]
        app.table.move(-1000)
        await pilot.pause()
        assert screen_rows(app)[1].startswith("▸ layer50.weight")
        app.table.select("layer7")
        assert app.table.chosen in app.table.tensors
