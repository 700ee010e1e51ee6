"""The tabs and tiles of the views: which can be seen, which one has the keys, and how much room each has."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.events import Click, DescendantFocus
from textual.message import Message
from textual.strip import Strip

from .. import remembered
from ..key_names import with_keys
from ..run_view import RunView
from ..widgets.still_picture import StillPicture
from ..widgets.text_rows import Span, TextRows
from . import VIEWS, ViewKind
from .view import View

TILES = (1, 2, 4)
"""How many views can stand beside each other."""
TILE_COLUMNS, TILE_ROWS = 56, 14
"""A tile that is smaller than this shows nothing well: there are fewer of them then."""


class Tabs(TextRows):
    """The row with the views' numbers and titles; a click chooses one."""

    class Chosen(Message):
        """A person wants to see a view."""

        def __init__(self, number: int) -> None:
            """Say which, counted from 0."""
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        """Make an empty row."""
        super().__init__(id="tabs")
        self._ends: list[int] = []

    def tell(self, kinds: Sequence[ViewKind], shown: Sequence[int], focused: int) -> None:
        """Show which views there are, which of them can be seen, and which has the keys."""
        titles = [f" {number + 1} {kind.title} " for number, kind in enumerate(kinds)]
        if sum(map(len, titles)) > self.size.width:
            # Where there is no room, only what is shown has its title.
            titles = [title if number in shown else f" {number + 1} " for number, title in enumerate(titles)]
        spans: list[Span] = []
        self._ends = []
        for number, title in enumerate(titles):
            look = "reverse primary" if number == focused else "bold primary" if number in shown else "dim foreground"
            spans.append((title, look))
            self._ends.append((self._ends[-1] if self._ends else 0) + len(title))
        self.show([tuple(spans)])

    def on_click(self, event: Click) -> None:
        """Choose the view whose title was clicked."""
        for number, end in enumerate(self._ends):
            if event.x < end:
                self.post_message(self.Chosen(number))
                return


class Deck(Vertical):
    """The views of one run: one of them, or two or four beside each other where the terminal has the room.

    Attributes:
        order: The views by their numbers, the latest chosen first: as many of them as there is room for are shown.
        tiles: How many a person wants to see.
    """

    DEFAULT_CSS = """
    Deck { height: 1fr; }
    Deck > #tiles { layout: grid; grid-size: 1; grid-gutter: 0 1; height: 1fr; }
    """

    def __init__(self, run: RunView, *, remembers: bool = False) -> None:
        """Show this run, in its first view or in those that were on the screen the last time."""
        super().__init__(id="deck")
        self._remembers = remembers
        self._run = run
        self._tabs = Tabs()
        self._space = Container(id="tiles")
        self._made: dict[int, View] = {}
        self._stills: dict[int, StillPicture] = {}
        self._frozen_words: str | None = None
        self._frozen_values: dict[int, list[tuple[str, ...]]] = {}
        self.order: list[int] = [0]
        self.tiles = 1
        if remembers:
            self._recall()
        self._focused = self.order[0]

    def compose(self) -> ComposeResult:
        """Put the tabs over the first view."""
        self._made = {number: self._new(number) for number in sorted(self.order[: self.tiles])}
        yield self._tabs
        with self._space:
            yield from self._made.values()

    def on_mount(self) -> None:
        """Give the first view the keys."""
        self._arrange()

    @property
    def view(self) -> View:
        """The view that has the keys."""
        return self._made[self._focused]

    @property
    def title(self) -> str:
        """The title of the view that has the keys."""
        return VIEWS[self._focused].title

    @property
    def shown(self) -> list[View]:
        """The views that can be seen."""
        # The clock goes on while one is being made.
        return [self._made[number] for number in self._shown if number in self._made]

    @property
    def _shown(self) -> list[int]:
        return sorted(self.order[: max(count for count in self._possible if count <= self.tiles)])

    @property
    def _possible(self) -> list[int]:
        """How many tiles there is room for now: one at least."""
        room = max(1, self.size.width // TILE_COLUMNS) * max(1, self.size.height // TILE_ROWS)
        return [count for count in TILES if count <= room]

    def show(self, now: float) -> None:
        """Draw what has changed in the views that can be seen."""
        deque(self.pieces(now), maxlen=0)

    def pieces(self, now: float) -> Iterator[None]:
        """Do so in pieces of a few milliseconds: keys are heard between them."""
        for view in self.shown:
            if view.is_mounted:
                yield from view.pieces(now)

    def export(self) -> list[tuple[str, ...]]:
        """Return the values of the view that has the keys, those at the freeze while it is frozen; empty for none."""
        return self.view.export() if self._frozen_words is None else self._frozen_values.get(self._focused, [])

    async def freeze(self, step: int) -> None:
        """Put pictures of the views in their places, as they stand on the screen now, until `go_on`.

        They are never drawn anew: a view that gets another size shows its picture cut off or with room beside it, and
        one that was not to be seen at `step` shows nothing; both say so in their last row.
        """
        screen = self.screen._compositor.render_strips()
        pictures: dict[int, list[Strip]] = {}
        for number in self._shown:
            region = self._made[number].region
            pictures[number] = [row.crop(region.x, region.right) for row in screen[region.y : region.bottom]]
            self._frozen_values[number] = self._made[number].export()
        self._frozen_words = with_keys(f" frozen at step {step:,}: <view.freeze> goes on")
        for number, rows in pictures.items():
            await self._put_still(number, rows)
        self._arrange()

    async def go_on(self) -> None:
        """Put the views into their places again."""
        self._frozen_words = None
        self._frozen_values.clear()
        stills = list(self._stills.values())
        self._stills.clear()
        self._arrange()
        for still in stills:
            await still.remove()

    async def _put_still(self, number: int, rows: Sequence[Strip]) -> None:
        still = StillPicture(rows, self._frozen_words or "")
        # Known before it is there: while it is being mounted, a resize may ask for it as well.
        self._stills[number] = still
        await self._space.mount(still, after=self._made[number])

    async def choose(self, number: int) -> None:
        """Show the view with this number, counted from 0, and give it the keys."""
        if not 0 <= number < len(VIEWS):
            return
        self.order = [number, *(other for other in self.order if other != number)]
        await self._make_missing()
        self._focused = number
        self._arrange()
        self._keep()

    async def cycle_tiles(self) -> str:
        """Show one view, two or four, as many as there is room for; return why there is no other number, or ""."""
        possible = self._possible
        if len(possible) == 1:
            return f"no room for more than one view here: {TILE_COLUMNS}×{TILE_ROWS} cells a tile"
        self.tiles = possible[(possible.index(len(self._shown)) + 1) % len(possible)]
        await self._make_missing()
        self._arrange()
        self._keep()
        return ""

    def _keep(self) -> None:
        if self._remembers:
            shown = [VIEWS[number].name for number in self.order[: self.tiles]]
            remembered.keep("layout", {"tiles": self.tiles, "views": shown})

    def _recall(self) -> None:
        """Take up the layout of the last time, as far as it is one."""
        names = [kind.name for kind in VIEWS]
        match remembered.recall("layout"):
            case {"tiles": int(tiles), "views": list(wanted)} if tiles in TILES:
                order = [names.index(name) for name in dict.fromkeys(map(str, wanted)) if name in names]
                self.order, self.tiles = order or [0], tiles
                # What is remembered is another run's: this one begins with what it has something to show in.
                self.order = self._with_the_others(self.order)
                self.order.sort(key=lambda number: not self._has_something(number))

    def _has_something(self, number: int) -> bool:
        return self._run.spec.problem.kind in VIEWS[number].problems

    def _with_the_others(self, order: list[int]) -> list[int]:
        """Return these views and all the others after them, last of all those that have nothing to show."""
        others = [number for number in range(len(VIEWS)) if number not in order]
        return [*order, *sorted(others, key=lambda number: not self._has_something(number))]

    def _new(self, number: int) -> View:
        """Return a new view, with what was chosen in it the last time."""
        kind = VIEWS[number]
        view = kind.made(self._run)
        if self._remembers:
            view.take_up(remembered.recall(f"view {kind.name}"))
        return view

    def on_view_chosen(self, message: View.Chosen) -> None:
        """Remember what was chosen in a view."""
        message.stop()
        if self._remembers:
            number = next(number for number, view in self._made.items() if view is message.view)
            remembered.keep(f"view {VIEWS[number].name}", message.view.choices())

    async def show_one(self) -> None:
        """Show the view that has the keys, alone."""
        self.tiles = 1
        await self.choose(self._focused)

    async def _make_missing(self) -> None:
        """Make the views that are wanted for the first time: more tiles than were ever chosen show the next ones."""
        self.order = self._with_the_others(self.order)
        for number in self._shown:
            if number not in self._made:
                self._made[number] = self._new(number)
                before = max((other for other in self._made if other < number), default=None)
                # A view and its still picture stand in one place, of which one is shown.
                after = None if before is None else self._stills.get(before, self._made[before])
                await self._space.mount(self._made[number], after=after, before=None if after else 0)
            if self._frozen_words is not None and number not in self._stills:
                await self._put_still(number, [])

    def on_resize(self) -> None:
        """Show as many tiles as there is room for now."""
        self.call_later(self._fit)

    async def _fit(self) -> None:
        await self._make_missing()
        self._arrange()

    def on_tabs_chosen(self, message: Tabs.Chosen) -> None:
        """Show the view whose tab was clicked."""
        message.stop()
        self.call_later(self.choose, message.number)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Notice which tile has the keys."""
        # Of keys in haste the news come late: where the keys are by now is what counts.
        focused = self.screen.focused
        for number, view in self._made.items():
            if focused is not None and (view is focused or view in focused.ancestors):
                self._focused = number
                self._tell()

    def _arrange(self) -> None:
        shown = self._shown
        wide = self.size.width // TILE_COLUMNS >= 2
        self._space.styles.grid_size_columns = 2 if len(shown) > 1 and wide else 1
        for number, view in self._made.items():
            view.display = number in shown and self._frozen_words is None
            view.set_class(len(shown) > 1, "-tile")
            view.border_title = VIEWS[number].title
        for number, still in self._stills.items():
            still.display = number in shown
        if self._focused not in shown:
            self._focused = shown[0]
        if self.screen.is_active and self._frozen_words is None:
            self.view.focus(scroll_visible=False)
        self._tell()

    def _tell(self) -> None:
        self._tabs.tell(VIEWS, self._shown, self._focused)
