"""Graphs on a sheet: the nodes of a function as boxes with edges, the stages of a network one below the other."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..charts.axes import compact
from ..charts.layers import Bend, Plan, plan
from ..charts.sheet import Sheet
from .walk import Walk

NodeFacts = Mapping[str, Any]
NUMBER = 10
"""Cells of the longest number, such as -1.235e-10: a box does not change its width with what is in it."""
TIGHT_NUMBER = 7
"""The same where there is little room: longer ones make their box wider."""
LONGEST_FORMULA = 22
LABEL = 12
"""Cells for a local gradient and the arrow at the end of an edge."""
UNKNOWN = "·"
DECADES = 6.0
"""A bar of a gradient's norm is empty this many powers of ten below the largest one."""
FORWARD, BACKWARD, PLAIN, FAINT = "bold accent", "bold success", "foreground", "dim foreground"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A graph on its sheet."""

    sheet: Sheet
    places: tuple[tuple[int, int, int, int], ...]
    """Of every node: left column, top row, width and height."""
    rule: tuple[str, ...]
    """What the node at hand computes, with numbers; nothing where there is none."""

    def node_at(self, x: int, y: int) -> int | None:
        """Return the node that covers a cell."""
        for node, (left, top, width, height) in enumerate(self.places):
            if left <= x < left + width and top <= y < top + height:
                return node
        return None


# ---- a function


def drawn_expression(nodes: Sequence[NodeFacts], walk: Walk, width: int, height: int) -> Drawn:
    """Return the graph of a function as far as someone has walked.

    Where there is no room, the boxes are low, and only as wide as what is in them now.
    """
    number = {node["name"]: place for place, node in enumerate(nodes)}
    inputs = tuple(tuple(number[name] for name in node["operands"] if name in number) for node in nodes)
    local = [[value for value in node["local_gradients"] if value is not None] for node in nodes]
    laid_out = plan(inputs, 5, 1)
    is_high = max(row + 5 for row in laid_out.rows) <= height
    if not is_high:
        laid_out = plan(inputs, 3, 0)
    wide, lefts = _columns(nodes, local, laid_out, is_high=is_high, tight=False)
    is_tight = lefts[-1] - LABEL > width
    if is_tight:
        wide, lefts = _columns(nodes, local, laid_out, is_high=is_high, tight=True)
    sheet = Sheet()
    at_hand = walk.node
    for bend in sorted(laid_out.bends, key=lambda bend: _is_lit(bend, walk)):
        _draw_bend(sheet, bend, lefts, wide, local, walk, 1 if is_tight else 2)
    for edge, layer, row in laid_out.passing:
        sheet.along(lefts[layer], lefts[layer] + wide[layer] - 1, row, FAINT if edge.node != at_hand else FORWARD)
    places = []
    for place, node in enumerate(nodes):
        layer = laid_out.layers[place]
        where = lefts[layer], laid_out.rows[place], wide[layer], 5 if is_high else 3
        _draw_node(sheet, node, where, walk, place, is_high=is_high)
        places.append(where)
    return Drawn(sheet=sheet, places=tuple(places), rule=() if at_hand is None else _rule(nodes, walk, at_hand))


def _columns(
    nodes: Sequence[NodeFacts], local: list[list[float]], laid_out: Plan, *, is_high: bool, tight: bool
) -> tuple[list[int], list[int]]:
    """Return how wide the boxes of every layer are, and the left columns of the layers and of what is behind them."""
    wide, labels = [0] * len(laid_out.tracks), [0 if tight else LABEL] * len(laid_out.tracks)
    for node, slopes, layer in zip(nodes, local, laid_out.layers, strict=True):
        text = _formula(node) if is_high else f"{node['name']} = {_formula(node)}"
        figures = [max(TIGHT_NUMBER, len(compact(node[key]))) if tight else NUMBER for key in ("value", "gradient")]
        least = max(figures) + 2 if is_high else sum(figures) + 5
        wide[layer] = max(wide[layer], min(len(text), LONGEST_FORMULA) + 4, least + 4)
        for slope in slopes:
            labels[layer - 1] = max(labels[layer - 1], len(compact(slope)) + 3)
    lefts = [0]
    for box, tracks, label in zip(wide, laid_out.tracks, labels, strict=True):
        lefts.append(lefts[-1] + box + (1 + tracks if tight else 2 + 2 * tracks) + label)
    return wide, lefts


def _is_lit(bend: Bend, walk: Walk) -> bool:
    """Return whether an edge has a part in what is computed now."""
    at_hand = walk.node
    return at_hand is not None and at_hand == (bend.edge.node if walk.is_forward else bend.edge.operand)


def _draw_bend(
    sheet: Sheet, bend: Bend, lefts: list[int], wide: list[int], local: list[list[float]], walk: Walk, spacing: int
) -> None:
    look = (FORWARD if walk.is_forward else BACKWARD) if _is_lit(bend, walk) else FAINT
    start, end = lefts[bend.channel] + wide[bend.channel], lefts[bend.channel + 1] - 1
    if bend.from_row == bend.to_row:
        sheet.along(start, end, bend.from_row, look)
    else:
        track = start + 1 + spacing * bend.track
        sheet.along(start, track, bend.from_row, look)
        sheet.down(track, bend.from_row, bend.to_row, look)
        sheet.along(track, end, bend.to_row, look)
    if bend.arrives:
        slope = local[bend.edge.node][bend.edge.slot]
        text = f"×{compact(slope)}" if walk.has_value(bend.edge.node) else ""
        sheet.write(end - len(text), bend.to_row, f"{text}▸", look if look != FAINT else PLAIN)


def _draw_node(
    sheet: Sheet, node: NodeFacts, where: tuple[int, int, int, int], walk: Walk, place: int, *, is_high: bool
) -> None:
    x, y, width, height = where
    is_at_hand = walk.node == place
    is_known = walk.has_value(place)
    look = (FORWARD if walk.is_forward else BACKWARD) if is_at_hand else PLAIN if is_known else FAINT
    sheet.box(x, y, width, height, look, double=is_at_hand)
    value = compact(node["value"]) if is_known else UNKNOWN
    gradient = compact(node["gradient"]) if walk.has_gradient(place) else UNKNOWN
    text = look if is_at_hand else "bold primary" if is_known else FAINT
    if is_high:
        sheet.write(x + 1, y, f" {node['name']} "[: width - 2], text)
        sheet.write(x + 2, y + 1, _cut(_formula(node), width - 4), PLAIN if is_known else FAINT)
        sheet.write(x + 2, y + 2, f"= {value}", text)
        sheet.write(x + 2, y + 3, f"∂ {gradient}", look if is_at_hand else "success")
    else:
        title = node["name"] if node["operation"] == "variable" else f"{node['name']} = {_formula(node)}"
        sheet.write(x + 1, y, _cut(f" {title} ", width - 2), text)
        sheet.write(x + 2, y + 1, f"= {value}", text)
        sheet.write(x + width - 2 - len(gradient) - 2, y + 1, f"∂ {gradient}", look if is_at_hand else "success")


def _formula(node: NodeFacts) -> str:
    return "given" if node["operation"] == "variable" else str(node["formula"]).replace(" * ", " · ")


def _rule(nodes: Sequence[NodeFacts], walk: Walk, at_hand: int) -> tuple[str, ...]:
    """Return what is computed at a node, in letters and in numbers."""
    node = nodes[at_hand]
    name, value, gradient = node["name"], compact(node["value"]), compact(node["gradient"])
    if walk.is_forward:
        if node["operation"] == "variable":
            return (f"{name} = {value}: a variable, its value is given",)
        values = {each["name"]: compact(each["value"]) for each in nodes}
        figures = {operand: values[operand] for operand in node["operands"] if operand in values}
        return (f"{name} = {_formula(node)} = {_with_numbers(_formula(node), figures)} = {value}",)
    last = nodes[-1]["name"]
    if at_hand == len(nodes) - 1:
        return (f"∂{last}/∂{last} = 1: here the pass backward begins",)
    letters, figures_of = [], []
    for user in nodes:
        for operand, slope in zip(user["operands"], user["local_gradients"], strict=True):
            if operand == name and slope is not None:
                letters.append(f"∂{last}/∂{user['name']} · ∂{user['name']}/∂{name}")
                figures_of.append(f"{_bracketed(compact(user['gradient']))} · {_bracketed(compact(slope))}")
    return (f"∂{last}/∂{name} = {' + '.join(letters)}", f"= {' + '.join(figures_of)} = {gradient}")


def _with_numbers(formula: str, figures: Mapping[str, str]) -> str:
    return re.sub(r"[^\W\d]\w*", lambda word: _bracketed(figures.get(word[0], word[0])), formula)


def _bracketed(figure: str) -> str:
    return f"({figure})" if figure.startswith("-") else figure


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


# ---- a network


def drawn_network(nodes: Sequence[NodeFacts], walk: Walk, width: int, height: int) -> Drawn:
    """Return the stages of a network, each with the size of what goes forward and of what comes back."""
    sheet = Sheet()
    spread = 2 if 2 * len(nodes) + 1 <= height else 1
    names = max(len(_name(node)) for node in nodes) + 2
    formulas = max(len(node["formula"]) for node in nodes[:-1]) + 2
    shapes = max(len(_shape(node)) for node in nodes[:-1]) + 2
    left = names + 2
    columns = [left]
    # What there is no room for is left out from the right: the numbers are what it is about.
    room = width - left - 2 * (NUMBER + 2)
    formulas = formulas if room >= formulas else 0
    shapes = shapes if room - formulas >= shapes else 0
    bar = min(24, max(0, (room - formulas - shapes - 2) // 2))
    bar = bar if bar >= 4 else 0
    columns = [left, left + formulas, left + formulas + shapes]
    second = columns[2] + NUMBER + 2 + bar
    sheet.write(columns[2], 0, _cut("size (RMS)", NUMBER), FAINT)
    sheet.write(second, 0, _cut("‖∂L‖", NUMBER), FAINT)
    sizes = [node["size"] for node in nodes]
    gradients = [node["gradient"] for node in nodes[:-1]]
    places = []
    for place, node in enumerate(nodes):
        row = 1 + place * spread
        is_at_hand, is_known = walk.node == place, walk.has_value(place)
        look = (FORWARD if walk.is_forward else BACKWARD) if is_at_hand else PLAIN if is_known else FAINT
        sheet.write(0, row, "▸" if is_at_hand else " ", look)
        sheet.write(2, row, _name(node), look if is_at_hand else "bold primary" if is_known else FAINT)
        if formulas:
            # The loss has no shape, and so the room of both.
            sheet.write(columns[0], row, _cut(str(node["formula"]), formulas + shapes - 2), look)
        if shapes and node["shape"]:
            sheet.write(columns[1], row, _shape(node), FAINT)
        if is_known:
            sheet.write(columns[2], row, compact(node["size"]), look)
            if bar and node["kind"] != "loss":
                sheet.write(columns[2] + NUMBER, row, _bar(node["size"], max(sizes[:-1]), bar), "accent")
        if walk.has_gradient(place):
            sheet.write(second, row, compact(node["gradient"]), look)
            if bar and node["kind"] != "loss":
                sheet.write(second + NUMBER, row, _bar(node["gradient"], max(gradients), bar), "success")
        if spread == 2 and place:
            sheet.write(3, row - 1, "│", FAINT)
        places.append((0, row, max(width, second + NUMBER + bar), 1))
    rule = () if walk.node is None else _stage_rule(nodes, walk, walk.node)
    return Drawn(sheet=sheet, places=tuple(places), rule=rule)


def _name(node: NodeFacts) -> str:
    # The formula beside it says which one.
    return "loss" if node["kind"] == "loss" else str(node["name"])


def _shape(node: NodeFacts) -> str:
    return "×".join(str(length) for length in node["shape"])


def _bar(value: float, largest: float, cells: int) -> str:
    """Return a bar on a logarithmic scale: full at the largest value, empty `DECADES` powers of ten below."""
    if not (0.0 < value < math.inf and 0.0 < largest < math.inf):
        return ""
    return "▪" * max(0, min(cells, round(cells * (1.0 + math.log10(value / largest) / DECADES))))


def _stage_rule(nodes: Sequence[NodeFacts], walk: Walk, at_hand: int) -> tuple[str, ...]:
    """Return what a stage computes, and how large what it takes in and gives out is."""
    node = nodes[at_hand]
    if walk.is_forward:
        if at_hand == 0:
            return (f"x: {_shape(node)} numbers, samples × features, of size {compact(node['size'])}",)
        before = nodes[at_hand - 1]
        figures = f"size {compact(before['size'])} goes in, {compact(node['size'])} comes out"
        if node["kind"] == "linear":
            figures += f"; ‖W‖ = {compact(node['weight_norm'])}"
        return (str(node["formula"]), figures)
    if at_hand == len(nodes) - 1:
        return ("∂L/∂L = 1: here the pass backward begins",)
    after, symbol = nodes[at_hand + 1], _symbol(node)
    how = {
        "linear": f"∂L/∂{symbol} = W·∂L/∂{_symbol(after)}",
        "activation": f"∂L/∂{symbol} = ∂L/∂{_symbol(after)} ⊙ φ′({symbol}), φ = {after['name']}",
        "loss": f"∂L/∂{symbol}, from the derivative of {after['name']}",
    }[after["kind"]]
    figures = f"norm {compact(after['gradient'])} comes back, {compact(node['gradient'])} goes on"
    if after["kind"] == "linear":
        figures += f"; ‖∂L/∂W‖ = {compact(after['weight_gradient'])}"
    return (how, figures)


def _symbol(node: NodeFacts) -> str:
    return str(node["formula"]).partition(" ")[0]
