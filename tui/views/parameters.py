"""The tensors in a table, and the entries of the one with the cursor: where they are, how spread, and how they went."""

from __future__ import annotations

import math
from typing import ClassVar

from rich.cells import cell_len
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Click, Resize
from textual.geometry import Size

from engine.method.spec import RunSpec
from engine.method.telemetry import DRAWN
from engine.run.events import Seen
from engine.text import clean

from ..charts.axes import compact
from ..charts.glyphs import spelled
from ..key_names import with_keys
from ..run_view import RunView
from ..screens.filtering import FilterDialog
from ..widgets.chart import Curve, LiveChart
from ..widgets.heat_map import HeatMap
from ..widgets.histogram import Histogram
from ..widgets.parameter_table import Order, ParameterTable
from ..widgets.text_rows import Row, Span, TextRows
from .entries import QUANTITIES, in_blocks, in_words, matrix_shape
from .looking import Looking
from .view import View

SCALES = ("auto", "linear", "log")
PANELS = ("picture", "spread", "course")
"""What a view without room for all of them shows one of."""
HINTS = (
    "<parameters.filter> filter",
    "<parameters.sort> sort",
    "<parameters.scale> scale",
    "<parameters.block> mean or largest",
    "<parameters.all> all four",
    "<parameters.panel> panel",
)


class ParametersView(View):
    """Every tensor, and one of them entry by entry."""

    HELP = """
## Parameters

The table has a row for every tensor; a click on a heading or `c` sorts it, `C` turns the order round, and `j` shows
only tensors whose name contains something (plain text or a regular expression; `esc` shows all again).

Of the tensor with the cursor (arrows, or a click) you see every entry as it is now, taken from the engine while it
trains: `v` √v̂ as the rule divides by it, `e` the effective learning rate α/(√v̂ + ε), `g` the gradient of the loss over
up to 256 training samples, `w` the weights.

- The **picture** has an entry where the parameter is: a row for every input, a column for every unit. Of a large tensor
  a cell is the mean of a block, or with `b` its largest entry. The mouse reads a value.
- The **histogram** has a line under it from the least to the greatest, thick between the quartiles.
- The **course** has bands from the least to the greatest, between the quartiles, and the median, and the line of the
  table's figure, from the first step on, whether somebody looked or not. Of a large tensor the bands are those of some
  entries, always the same; the gradient is that of the minibatch.

`x` makes the scale logarithmic or linear, `m` shows all four pictures beside each other, `k` the next panel where there
is no room for all.
"""
    DEFAULT_CSS = """
    ParametersView #table { height: 8; margin: 0 1; }
    ParametersView #quantities, ParametersView #summary { margin: 0 1; }
    ParametersView #details { height: 1fr; margin: 0 1; }
    ParametersView #picture { margin-right: 2; }
    ParametersView #spread { height: 1fr; }
    ParametersView #course { height: 1fr; }
    ParametersView #all { layout: grid; grid-size: 2 2; grid-gutter: 0 2; margin: 0 1; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(each.key, f"quantity({number})", each.title, show=False, id=f"parameters.{each.about}")
            for number, each in enumerate(QUANTITIES)
        ),
        Binding("up", "move(-1)", "Tensor before", show=False, id="parameters.up"),
        Binding("down", "move(1)", "Next tensor", show=False, id="parameters.down"),
        Binding("pageup", "page(-1)", "Tensors above", show=False, id="parameters.page-up"),
        Binding("pagedown", "page(1)", "Tensors below", show=False, id="parameters.page-down"),
        Binding("home", "move(-1000000)", "First tensor", show=False, id="parameters.first"),
        Binding("end", "move(1000000)", "Last tensor", show=False, id="parameters.last"),
        Binding("left", "turn(-1)", "Quantity before", show=False, id="parameters.before"),
        Binding("right", "turn(1)", "Next quantity", show=False, id="parameters.next"),
        Binding("j", "filter", "Filter", id="parameters.filter"),
        Binding("c", "sort", "Sort", id="parameters.sort"),
        Binding("C", "reverse", "Reverse the order", show=False, id="parameters.reverse"),
        Binding("x", "scale", "Scale", show=False, id="parameters.scale"),
        Binding("b", "block", "Mean or largest", show=False, id="parameters.block"),
        Binding("m", "all", "All four pictures", show=False, id="parameters.all"),
        Binding("k,enter", "panel", "Next panel", show=False, id="parameters.panel"),
        Binding("escape", "clear", "Show all tensors", show=False, id="parameters.clear"),
    ]

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__(run)
        self._shown = -1
        self._lacking: dict[str, str] = {}
        """What the rule at hand does not have of the tensor with the cursor, and why."""
        self._spec: RunSpec | None = None
        self._meant = 0
        """The tensor that this is about."""
        self._quantity = 0
        self._is_chosen = False
        """Whether a person has chosen the quantity."""
        self._scale, self._block, self._panel, self._shows_all = "auto", "mean", 0, False
        self._table = ParameterTable(run.welcome.tensors, cursor=True, id="table")
        self._tabs, self._summary = TextRows(id="quantities"), TextRows(id="summary")
        self._ends: list[int] = []
        self._drawn: tuple[int, float, Size] | None = None
        """Which answer the histogram shows, and how large it is."""
        self._picture, self._spread = HeatMap(id="picture"), Histogram(id="spread")
        self._course = LiveChart("course", id="course")
        self._pictures = tuple(HeatMap() for _ in QUANTITIES)
        self._looks = tuple(Looking(run, "tensor", topic=each.about) for each in QUANTITIES)

    def compose(self) -> ComposeResult:
        """Put the table over what is known of one tensor."""
        yield self._table
        yield self._tabs
        yield self._summary
        with Horizontal(id="details"):
            yield self._picture
            with Vertical(id="figures"):
                yield self._spread
                yield self._course
        with Vertical(id="all"):
            yield from self._pictures

    def on_mount(self) -> None:
        """Show one quantity."""
        self._arrange()

    def on_resize(self, event: Resize) -> None:
        """Share out the room anew."""
        self._arrange()

    def _arrange(self) -> None:
        """Give everything its room; what has too little of it to say something is left out."""
        width, height = self.size
        rows = len(self.run.welcome.tensors) + 1
        detailed = height >= 11 and width >= 30
        table = max(1, min(rows, height * 2 // 5)) if detailed else max(1, height - 2)
        self._table.styles.height = table
        self._tabs.display = height >= 4
        self._summary.display = height >= 6
        left = height - table - 2
        beside, stacked = width >= 70, left >= 18
        panel = PANELS[self._panel]
        shows = {name: detailed and (beside or name == panel) for name in PANELS}
        if beside and not stacked:
            # The picture, and one of the other two beside it.
            shows["course"], shows["spread"] = panel == "course", panel != "course"
        everything = self._shows_all and detailed
        self.query_one("#all").display = everything
        self.query_one("#details").display = detailed and not everything
        self.query_one("#figures").display = shows["spread"] or shows["course"]
        self._picture.display, self._spread.display = shows["picture"], shows["spread"]
        self._course.display = shows["course"]
        self._shown = -1

    # ---- drawing

    def show(self, now: float) -> None:
        """Draw what has changed."""
        run = self.run
        spec, chosen = run.lane.spec, self._table.chosen
        if (is_new := spec is not self._spec) or chosen != self._meant:
            self._spec, self._meant, self._shown = spec, chosen, -1
            shape = run.welcome.tensors[chosen].shape if run.welcome.tensors else ()
            self._lacking = spec.optimizer.within(shape).lacking()
            if is_new and not self._is_chosen:
                # Begun with the first one that the rule has: a gradient and weights are always there.
                self._quantity = [each.about in self._lacking for each in QUANTITIES].index(False)
        if run.changes != self._shown:
            self._shown = run.changes
            self._table.show(run.lane.figures)
            self._tell_quantities()
        if not self.run.welcome.tensors:
            return
        if self._shows_all and self._pictures[0].region:
            for number, picture in enumerate(self._pictures):
                self._look(number, picture, now)
                self._draw_picture(number, picture, now)
        else:
            for number, looking in enumerate(self._looks):
                if number != self._quantity:
                    looking.stop()
            self._look(self._quantity, self._picture, now)
            self._draw_picture(self._quantity, self._picture, now)
            self._draw_spread()
            self._draw_course(now)
        self._tell_summary()

    def _look(self, number: int, picture: HeatMap, now: float) -> None:
        """Ask for what there is room for."""
        rows, columns = picture.most if picture.display and picture.region else (1, 1)
        settings = {
            "tensor": self._table.chosen,
            "quantity": QUANTITIES[number].about,
            "rows": min(rows, 256),
            "columns": min(columns, 512),
            "bins": min(self._spread.most, 512),
            "block": self._block,
            "scale": self._scale,
        }
        self._looks[number].want(settings, now)

    def _seen(self, number: int) -> Seen | None:
        """Return what is known of a quantity of the tensor with the cursor."""
        seen, tensor = self._looks[number].seen, self.run.welcome.tensors[self._table.chosen]
        return seen if seen is not None and seen.facts["name"] == tensor.name else None

    def _draw_picture(self, number: int, picture: HeatMap, now: float) -> None:
        if not picture.region:
            return
        looking, title = self._looks[number], spelled(QUANTITIES[number].title)
        seen = self._seen(number)
        if looking.refusal:
            picture.say(f"{spelled(clean(looking.refusal))}.", title)
        elif seen is None:
            picture.say("the engine has not answered yet", title)
        else:
            words = f"{title}{in_blocks(seen)}"
            picture.show(seen.arrays["cells"], seen.facts["scale"], words, matrix_shape(seen), now)

    def _draw_spread(self) -> None:
        seen = self._seen(self._quantity)
        if not self._spread.region:
            return
        if seen is None:
            self._drawn = None
            self._spread.say("")
            return
        drawn = (seen.seq, seen.share, self._spread.size)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        facts, arrays = seen.facts, seen.arrays
        apart = [
            f"{facts[key]:,} {words}"
            for key, words in (("zeros", "zero"), ("not_finite", "not finite"))
            if facts[key] and (key != "zeros" or facts["scale"] == "log")
        ]
        title = f"histogram ({facts['scale']})" + (f", apart from {' and '.join(apart)}" if apart else "")
        self._spread.show_counts(
            arrays["counts"],
            (arrays["left"], arrays["right"]),
            (facts["low"], *facts["quartiles"], facts["high"]),
            title,
            log=facts["scale"] == "log",
        )

    def _draw_course(self, now: float) -> None:
        if not self._course.region:
            return
        lane, quantity, tensor = self.run.lane, QUANTITIES[self._quantity], self._table.chosen
        size = math.prod(self.run.welcome.tensors[tensor].shape)
        course = lane.past_figures.course(tensor, quantity.about)
        root = math.sqrt(size) if quantity.is_norm else 1.0
        line = lane.past_figures.of_tensor(tensor, quantity.figure, per=root)
        of = f" of {DRAWN}" if size > DRAWN else ""
        seen = self._seen(self._quantity)
        self._course.log_y = seen is not None and seen.facts["scale"] == "log" and not seen.facts["low"] < 0.0
        curves = [
            Curve(label="min–max", series=course.whole, colour="primary", faint=True, silent=True, shape="envelope"),
            Curve(label="quartiles", series=course.half, colour="primary", silent=True, shape="envelope"),
            Curve(label=quantity.line, series=line, colour="success", readout=compact),
            Curve(label=f"median{of}", series=course.middle, colour="accent", readout=compact),
        ]
        about = tensor, quantity.about
        self._course.show(curves, lane.markers, x_end=self.run.x_end, now=now, about=about)

    # ---- words

    def _tell_quantities(self) -> None:
        spans: list[Span] = []
        self._ends = []
        for number, each in enumerate(QUANTITIES):
            chosen = number == self._quantity or self._shows_all
            # Like the table, which has a dash for what there is not.
            name = f"{each.title} –" if each.about in self._lacking else each.title
            spans.append(
                (with_keys(f" <parameters.{each.about}> {name} "), "reverse primary" if chosen else "dim foreground")
            )
            self._ends.append((self._ends[-1] if self._ends else 0) + cell_len(spans[-1][0]))
        table, tensors = self._table, self.run.welcome.tensors
        if table.filter:
            words = f"  names with {clean(table.filter, 40)}: {len(table.tensors)} of {len(tensors)}, esc shows all"
            spans.append((words, "bold warning"))
        elif self._lacking:
            why = spelled(next(iter(self._lacking.values())))
            fits = self._ends[-1] + 2 + cell_len(why) <= self._tabs.size.width
            spans.append((f"  {why if fits else why.partition(',')[0]}", "foreground"))
        room = self._tabs.size.width - sum(cell_len(text) for text, _ in spans)
        for number, hint in enumerate(HINTS):
            words = f"{' · ' if number else '  '}{with_keys(hint)}"
            room -= cell_len(words)
            if room < 0:
                break
            spans.append((words, "dim foreground"))
        self._tabs.show([tuple(spans)])

    def _tell_summary(self) -> None:
        seen, looking = self._seen(self._quantity), self._looks[self._quantity]
        tensor = self.run.welcome.tensors[self._table.chosen]
        name: Row = ((f"{clean(tensor.name, 40)} ", "bold foreground"),)
        if seen is None:
            words = spelled(clean(looking.refusal)) if looking.refusal else ""
            self._summary.show([(*name, (words, "warning"))])
            return
        title = QUANTITIES[self._quantity].title
        self._summary.show([(*name, *in_words(seen, title, self.size.width))])

    def export(self) -> list[tuple[str, ...]]:
        """Return the table, and below it the histogram of the tensor with the cursor."""
        rows = self._table.exported()
        seen = self._seen(self._quantity)
        if seen is not None:
            arrays = seen.arrays
            rows += [(), (f"{seen.facts['name']} {QUANTITIES[self._quantity].title} from", "to", "entries")]
            rows += [
                (repr(low), repr(high), str(count))
                for low, high, count in zip(
                    arrays["left"].tolist(), arrays["right"].tolist(), arrays["counts"].tolist(), strict=True
                )
            ]
        return rows

    # ---- keys and mouse

    def action_quantity(self, number: int) -> None:
        """Show this quantity of the parameters."""
        self._quantity, self._shows_all, self._is_chosen = number, False, True
        self._arrange()

    def action_turn(self, by: int) -> None:
        """Show the next quantity, or the one before."""
        self.action_quantity((self._quantity + by) % len(QUANTITIES))

    def action_move(self, rows: int) -> None:
        """Choose another tensor."""
        self._table.move(rows)

    def action_page(self, pages: int) -> None:
        """Choose a tensor that is as many rows away as can be seen."""
        self._table.move(pages * self._table.page)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._table.sort_by_next()

    def action_reverse(self) -> None:
        """Turn the order round."""
        order = self._table.order
        self._table.sort(Order(column=order.column, falls=not order.falls))

    def action_scale(self) -> None:
        """Use the next scale."""
        self._scale = SCALES[(SCALES.index(self._scale) + 1) % len(SCALES)]

    def action_block(self) -> None:
        """Let a cell be the mean of its block, or its largest entry."""
        self._block = "largest" if self._block == "mean" else "mean"

    def action_all(self) -> None:
        """Show all four pictures, or one quantity in full again."""
        self._shows_all = not self._shows_all
        self._arrange()

    def action_panel(self) -> None:
        """Show the next panel where there is no room for all."""
        self._panel = (self._panel + 1) % len(PANELS)
        self._arrange()

    def action_filter(self) -> None:
        """Ask what the names must contain, and show it at once."""
        self.app.push_screen(FilterDialog(self._table.filter, self._select))

    def action_clear(self) -> None:
        """Show all tensors again; where all are shown, let the screen have the key."""
        if not self._table.filter:
            raise SkipAction
        self._select("")

    def _select(self, pattern: str) -> None:
        self._table.select(pattern)
        self._shown = -1

    def on_parameter_table_chosen(self, message: ParameterTable.Chosen) -> None:
        """Look at another tensor."""
        message.stop()
        self._shown = -1

    def on_click(self, event: Click) -> None:
        """Show the quantity whose name was clicked."""
        place = event.screen_offset
        if not self._tabs.region.contains_point(place):
            return
        for number, end in enumerate(self._ends):
            if place.x - self._tabs.region.x < end:
                self.action_quantity(number)
                return
