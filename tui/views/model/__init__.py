"""The model at work: what it says about its inputs, what it takes for what, and its weights.

page       what the pages have in common, and what a terminal can show
boundary   class regions or a surface over two inputs, a curve over one
tiles      held-out pictures with predictions, and the weights of a first layer as pictures
confusion  which class is taken for which
drawing    the network with its weights
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message

from engine.run.events import Seen

from ...charts.cells import Cells
from ...charts.glyphs import suitable_glyphs
from ...key_names import with_keys
from ...run_view import RunView
from ...widgets.picture import Picture
from ...widgets.status import lane_colour
from ...widgets.text_rows import Span, TextRows
from .. import VIEWS
from ..looking import Looking
from ..view import View
from .boundary import BoundaryPage, FitPage
from .confusion import ConfusionPage
from .drawing import DrawingPage
from .page import TOO_SMALL, Manner, Page
from .tiles import ImagesPage, WeightsPage

LETTERS = (("b", "boundary"), ("g", "images"), ("c", "confusion"), ("d", "drawing"), ("w", "weights"))
"""The keys of the pages."""
ONCE = math.inf


class PageTabs(TextRows):
    """The row with the pages; a click chooses one."""

    class Chosen(Message):
        """A person wants to see a page."""

        def __init__(self, letter: str) -> None:
            """Say which, by its key."""
            super().__init__()
            self.letter = letter

    def __init__(self) -> None:
        """Make an empty row."""
        super().__init__(id="pages")
        self._ends: list[tuple[int, str]] = []

    def tell(self, pages: dict[str, Page], present: str, right: list[Span]) -> None:
        """Show which pages there are, which one is shown, and something at the right edge."""
        names = {letter: pages[letter].title if letter in pages else title for letter, title in LETTERS}
        keys = {letter: with_keys(f"<model.{title}>") for letter, title in LETTERS}
        titles = {letter: f" {keys[letter]} {name} " for letter, name in names.items()}
        room = self.size.width - sum(len(text) for text, _ in right)
        if sum(map(len, titles.values())) > room:
            titles = {letter: title if letter == present else f" {keys[letter]} " for letter, title in titles.items()}
        spans: list[Span] = []
        self._ends, end = [], 0
        for letter, title in titles.items():
            there = letter in pages and not pages[letter].absence()
            look = "reverse primary" if letter == present else "foreground" if there else "dim foreground"
            spans.append((title, look))
            end += len(title)
            self._ends.append((end, letter))
        if end + sum(len(text) for text, _ in right) <= self.size.width:
            spans += [(" " * (room - end), "foreground"), *right]
        self.show([tuple(spans)])

    def on_click(self, event: Click) -> None:
        """Choose the page whose name was clicked."""
        for end, letter in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(letter))
                return


class ModelView(View):
    """What the model of the lane says, a page at a time."""

    HELP = """
### Model

What the model makes of its inputs, with the weights that an evaluation uses and without dropout.

| key | page |
|---|---|
| `b` | what it says over two inputs or one, with the samples: hollow ones are trained on, full ones held out |
| `g` | held-out pictures with truth and prediction, the wrong ones first |
| `c` | confusion matrix: a row for each truth, a column for each answer; `enter` or a click shows a cell's pictures |
| `d` | the network with its weights: solid lines are positive, dashed ones negative |
| `w` | the weights from the pixels to each unit of the first layer |

The arrows choose the inputs of the axes, a cell, pictures or a unit; `x` `X` `y` `j` choose an axis' input;
`pageup` and `pagedown` go through pictures; `+` `-` `0` draw them larger, smaller, as at first; `e` shows fewer samples
or another order; `v` shows the next of several numbers.
"""
    DEFAULT_CSS = """
    ModelView #picture { height: 1fr; margin: 0 1; }
    ModelView.-low #under { display: none; }
    ModelView.-lowest #pages { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(letter, f"page('{letter}')", title.capitalize(), show=False, id=f"model.{title}")
            for letter, title in LETTERS
        ),
        Binding("pagedown", "turn(1)", "Next pictures", show=False, id="model.next"),
        Binding("pageup", "turn(-1)", "Pictures before", show=False, id="model.before"),
        Binding("home", "jump(False)", "First", show=False, id="model.first"),
        Binding("end", "jump(True)", "Last", show=False, id="model.last"),
        Binding("left", "move(-1, 0)", "Left", show=False, id="model.left"),
        Binding("right", "move(1, 0)", "Right", show=False, id="model.right"),
        Binding("up", "move(0, -1)", "Up", show=False, id="model.up"),
        Binding("down", "move(0, 1)", "Down", show=False, id="model.down"),
        Binding("x", "axis('x', 1)", "Input across", show=False, id="model.x"),
        Binding("X", "axis('x', -1)", "Input across before", show=False, id="model.x-before"),
        Binding("y", "axis('y', 1)", "Input up", show=False, id="model.y"),
        Binding("j", "axis('y', -1)", "Input up before", show=False, id="model.y-before"),
        Binding("e", "cycle", "Samples", show=False, id="model.samples"),
        Binding("v", "output", "Next number", show=False, id="model.output"),
        Binding("plus,equals_sign", "zoom(1)", "Larger", show=False, id="model.larger"),
        Binding("minus", "zoom(-1)", "Smaller", show=False, id="model.smaller"),
        Binding("0", "zoom(0)", "As at first", show=False, id="model.usual"),
        Binding("enter", "open", "Their pictures", show=False, id="model.open"),
        Binding("escape", "step_out", "Step out", show=False, id="model.whole"),
    ]

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__(run)
        self._tabs, self._picture, self._under = PageTabs(), Picture(id="picture"), TextRows(id="under")
        self._model = Looking(run, "model", every_s=ONCE)
        self._pages: dict[str, Page] = {}
        self._looks: dict[str, Looking] = {}
        self._last: dict[str, Seen] = {}
        """What was found last for each page."""
        self._present = ""
        self._drawn: tuple[Any, ...] = ()
        self._touched = 0
        """Counts what a person did to a page."""

    def compose(self) -> ComposeResult:
        """Put the names of the pages over the picture, and what it means below."""
        yield self._tabs
        yield self._picture
        yield self._under

    def on_resize(self, event: Resize) -> None:
        """Give a small picture all the room."""
        self.set_class(event.size.height < 8, "-low")
        self.set_class(event.size.height < 5, "-lowest")
        self._drawn = ()

    @property
    def page(self) -> Page | None:
        """The page that is shown; None before the engine has said what the model is."""
        return self._pages.get(self._present)

    def show(self, now: float) -> None:
        """Ask for what the page needs, and draw what has come."""
        if self.run.spec.problem.kind != "dataset":
            self._say(_no_model())
            return
        self._model.want({}, now)
        if self._model.seen is not None:
            self._make_pages(self._model.seen.facts)
        page = self.page
        if page is None:
            self._say(self._model.refusal or "looking …")
            return
        absence = page.absence()
        if absence:
            self._say(absence)
            return
        size = self._picture.size
        if size.width < 12 or size.height < 3:
            self._say(with_keys(TOO_SMALL))
            return
        look = self._looks[self._present]
        is_moving = self.run.lane_state == "running"
        look.want(page.settings(size.width, size.height, is_moving=is_moving), now)
        seen = self._seen()
        if seen is None:
            self._say(look.refusal or "looking …")
            return
        key = (id(seen), size, self._present, self._touched, self.run.lane.number, self.app.theme)
        if key != self._drawn:
            self._drawn = key
            shown = page.drawn(seen, size.width, size.height, self._manner)
            self._picture.paint(shown.cells)
            self._under.show([shown.words])
            self._tell(f"step {seen.step:,} ")

    def export(self) -> list[tuple[str, ...]]:
        """Return what the page shows as a table."""
        page, seen = self.page, self._seen()
        return [] if page is None or page.absence() or seen is None else page.table(seen)

    def _seen(self) -> Seen | None:
        """Return what the engine has found for the page; after it has gone, what it found last."""
        look = self._looks.get(self._present)
        if look is None:
            return None
        if look.seen is not None:
            self._last[self._present] = look.seen
            return look.seen
        last = self._last.get(self._present)
        return last if self.run.is_gone and last is not None and last.lane == self.run.lane.number else None

    # ---- keys

    def action_page(self, letter: str) -> None:
        """Show a page."""
        if self.page is not None and letter != self._present:
            self._looks[self._present].stop()
        self._present = letter
        images = self._pages.get("g")
        if isinstance(images, ImagesPage):
            images.choose(None)
        self._touch()

    def action_move(self, across: int, down: int) -> None:
        """Let the page go in a direction."""
        if self.page is not None and not self.page.absence():
            self.page.move(across, down)
            self._touch()

    def action_turn(self, pages: int) -> None:
        """Let the page show the next things, or those before."""
        if self.page is not None and not self.page.absence():
            self.page.turn(pages)
            self._touch()

    def action_jump(self, to_end: bool) -> None:
        """Let the page go to its beginning or its end."""
        if self.page is not None and not self.page.absence():
            self.page.jump(to_end=to_end)
            self._touch()

    def action_axis(self, axis: str, step: int) -> None:
        """Put another input on an axis."""
        if self.page is not None:
            self.page.choose_axis(axis, step)
            self._touch()

    def action_cycle(self) -> None:
        """Show other samples."""
        if self.page is not None:
            self.page.cycle()
            self._touch()

    def action_output(self) -> None:
        """Show the next of several numbers."""
        if self.page is not None:
            self.page.next_output()
            self._touch()

    def action_zoom(self, step: int) -> None:
        """Draw larger or smaller."""
        if self.page is not None and not self.page.absence():
            self.page.zoom(step)
            self._touch()

    def action_open(self) -> None:
        """Show the pictures of the cell of the confusion matrix that is chosen."""
        images = self._pages.get("g")
        if isinstance(self.page, ConfusionPage) and isinstance(images, ImagesPage):
            chosen, count = self.page.chosen, self.page.count
            self.action_page("g")
            images.choose(chosen, count)

    def action_step_out(self) -> None:
        """Go back from the pictures of a cell to the matrix; or choose no cell or unit any more."""
        if isinstance(self.page, ImagesPage):
            self.action_page("c")
        elif isinstance(self.page, ConfusionPage):
            self.page.chosen = None
            self._touch()
        else:
            self.action_zoom(0)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is there: a step out where something is chosen, pictures where there are some."""
        page = self.page
        if action == "step_out":
            if isinstance(page, ImagesPage):
                return page.kind is not None
            return isinstance(page, ConfusionPage | DrawingPage) and page.chosen is not None
        if action == "open":
            return isinstance(page, ConfusionPage) and page.chosen is not None and not self._pages["g"].absence()
        return super().check_action(action, parameters)

    def on_page_tabs_chosen(self, message: PageTabs.Chosen) -> None:
        """Show the page whose name was clicked."""
        message.stop()
        self.action_page(message.letter)

    def on_click(self, event: Click) -> None:
        """Let the page know where it was clicked."""
        if event.widget is self._picture and self.page is not None and not self.page.absence():
            self.page.click(event.x, event.y)
            self._touch()
            if self.check_action("open", ()):
                self.action_open()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Show the next things."""
        event.stop()
        self.action_turn(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Show those before."""
        event.stop()
        self.action_turn(-1)

    # ---- drawing

    @property
    def _manner(self) -> Manner:
        return Manner(colours=not self.app.no_color, glyphs=suitable_glyphs())

    def _make_pages(self, facts: dict[str, Any]) -> None:
        if self._pages and next(iter(self._pages.values())).facts == facts:
            return
        kinds = (
            FitPage if facts["widths"][0] == 1 else BoundaryPage,
            ImagesPage,
            ConfusionPage,
            DrawingPage,
            WeightsPage,
        )
        pages = [kind(facts) for kind in kinds]
        self._pages = {page.letter: page for page in pages}
        self._looks = {
            page.letter: Looking(self.run, page.about, topic=page.letter, every_s=page.every_s) for page in pages
        }
        if not self._present:
            self._present = "g" if facts["image"] else "b" if facts["widths"][0] <= 2 else "c"

    def _touch(self) -> None:
        self._touched += 1

    def _say(self, text: str) -> None:
        key = (text, self._picture.size, self._present, self.run.lane.number, self.app.theme)
        if key == self._drawn:
            return
        self._drawn = key
        cells = Cells(*self._picture.size)
        cells.say(text)
        self._picture.paint(cells)
        self._under.show([()])
        self._tell("")

    def _tell(self, step: str) -> None:
        right: list[Span] = [(step, "dim foreground")] if step else []
        if self.run.is_race:
            lane = self.run.lane
            right.append((f"{lane.title} ", f"bold {lane_colour(lane.number)}"))
        self._tabs.tell(self._pages, self._present, right)


def _no_model() -> str:
    """Return what there is instead of a model, and under which key."""
    number = next((number for number, kind in enumerate(VIEWS, start=1) if kind.name == "landscape"), None)
    key = with_keys(f" (key <view.{number}>)") if number is not None else ""
    return f"This run has no model: its parameters are a point that moves over a function. See the Landscape view{key}."
