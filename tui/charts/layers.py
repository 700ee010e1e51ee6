"""Where the nodes of a graph without cycles stand and how its edges run: layer by layer, from the left to the right.

An edge that passes a layer has a place of its own there, so that no line runs through a box; the order within a layer
puts every node about level with its neighbours.

Source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures", IEEE
Trans. SMC 11 (1981), with the barycentre of the neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count, pairwise

SWEEPS = 6
"""How often the order of the layers is improved; after a few nothing changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """From an operand to one of the places where a node takes it in."""

    operand: int
    node: int
    slot: int
    """Which of the node's operands it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """The stretch of an edge in one channel: level, upright on its track, and level again."""

    edge: Edge
    channel: int
    """The layer at whose right it runs."""
    from_row: int
    to_row: int
    track: int
    """Which upright line of the channel, counted from the left; -1 where the stretch is level."""
    arrives: bool
    """Whether it ends at the edge's node, and not at a place on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Places in rows and layers; how wide a column is, is for whoever draws it."""

    layers: tuple[int, ...]
    """Of every node, 0 at the left."""
    rows: tuple[int, ...]
    """The top row of every node."""
    bends: tuple[Bend, ...]
    passing: tuple[tuple[Edge, int, int], ...]
    """(edge, layer, row) wherever an edge passes a layer."""
    tracks: tuple[int, ...]
    """How many upright lines each channel has, one channel at the right of every layer."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Item:
    """What has a place in a layer: a node, or an edge on its way."""

    is_node: bool
    before: list[_Item] = field(default_factory=list)
    after: list[_Item] = field(default_factory=list)
    place: float = 0.0
    row: int = 0


@lru_cache(maxsize=16)
def plan(operands: tuple[tuple[int, ...], ...], height: int, gap: int) -> Plan:
    """Return where nodes of `height` rows stand, `gap` rows apart; the operands of a node come before it."""
    layers = _layers(operands)
    edges = [
        Edge(operand=operand, node=node, slot=slot)
        for node, slots in enumerate(operands)
        for slot, operand in enumerate(slots)
    ]
    columns: list[list[_Item]] = [[] for _ in range(max(layers, default=-1) + 1)]
    nodes = [_Item(is_node=True) for _ in operands]
    for item, layer in zip(nodes, layers, strict=True):
        columns[layer].append(item)
    chains: list[list[_Item]] = []
    for edge in edges:
        on_the_way = [_Item(is_node=False) for _ in range(layers[edge.operand] + 1, layers[edge.node])]
        for layer, item in enumerate(on_the_way, start=layers[edge.operand] + 1):
            columns[layer].append(item)
        chains.append([nodes[edge.operand], *on_the_way, nodes[edge.node]])
        for left, right in pairwise(chains[-1]):
            left.after.append(right)
            right.before.append(left)
    _order(columns)
    _place(columns, height, gap)
    return _routed(edges, chains, layers, [item.row for item in nodes], len(columns), height)


def _layers(operands: Sequence[Sequence[int]]) -> list[int]:
    """Return the layer of every node: after its operands, and what has none just before its first use."""
    found: list[int] = []
    for slots in operands:
        found.append(1 + max((found[operand] for operand in slots), default=-1))
    for node, slots in enumerate(operands):
        users = [found[user] for user, taken in enumerate(operands) if node in taken]
        if not slots and users:
            found[node] = min(users) - 1
    return found


def _order(columns: list[list[_Item]]) -> None:
    """Sort every layer by the mean place of its items' neighbours, to and fro."""
    for column in columns:
        for place, item in enumerate(column):
            item.place = place
    for sweep in range(SWEEPS):
        backwards = sweep % 2 == 1
        for column in reversed(columns) if backwards else columns:
            means = {id(item): _mean(item.after if backwards else item.before, item.place) for item in column}
            column.sort(key=lambda item: means[id(item)])
            for place, item in enumerate(column):
                item.place = place - (len(column) - 1) / 2.0


def _mean(neighbours: list[_Item], otherwise: float) -> float:
    return sum(item.place for item in neighbours) / len(neighbours) if neighbours else otherwise


def _place(columns: list[list[_Item]], height: int, gap: int) -> None:
    """Give every item its row: each layer is centred beside the highest one."""
    heights = [sum(height if item.is_node else 1 for item in column) + gap * (len(column) - 1) for column in columns]
    for column, taken in zip(columns, heights, strict=True):
        row = (max(heights) - taken) // 2
        for item in column:
            item.row = row
            row += (height if item.is_node else 1) + gap


def _routed(
    edges: list[Edge], chains: list[list[_Item]], layers: list[int], rows: list[int], columns: int, height: int
) -> Plan:
    """Return the plan with the ways of all edges; no two of one channel share an upright line."""
    bends: list[Bend] = []
    passing: list[tuple[Edge, int, int]] = []
    stretches: list[list[tuple[int, int, Edge, bool]]] = [[] for _ in range(columns)]
    for edge, chain in zip(edges, chains, strict=True):
        port = rows[edge.node] + _port(edge, edges, chains, height)
        levels = [rows[edge.operand] + height // 2, *(item.row for item in chain[1:-1]), port]
        for step, (start, end) in enumerate(pairwise(levels)):
            stretches[layers[edge.operand] + step].append((start, end, edge, step == len(levels) - 2))
        passing += [(edge, layers[edge.operand] + step, row) for step, row in enumerate(levels[1:-1], start=1)]
    for channel, found in enumerate(stretches):
        # Those that fall turn the later the higher they end, those that rise the other way round: so few cross.
        found.sort(key=lambda each: (each[1] < each[0], each[1] if each[1] < each[0] else -each[1]))
        tracks = count()
        bends += [
            Bend(
                edge=edge,
                channel=channel,
                from_row=start,
                to_row=end,
                track=next(tracks) if start != end else -1,
                arrives=arrives,
            )
            for start, end, edge, arrives in found
        ]
    return Plan(
        layers=tuple(layers),
        rows=tuple(rows),
        bends=tuple(bends),
        passing=tuple(passing),
        tracks=tuple(sum(start != end for start, end, _, _ in found) for found in stretches),
    )


def _port(edge: Edge, edges: list[Edge], chains: list[list[_Item]], height: int) -> int:
    """Return at which of its rows a node takes an edge in: the one that comes from above takes the upper row."""
    arriving = [
        (chain[-2].row, other.slot) for other, chain in zip(edges, chains, strict=True) if other.node == edge.node
    ]
    if len(arriving) == 1:
        return height // 2
    place = sorted(arriving).index(next(pair for pair in arriving if pair[1] == edge.slot))
    upper, lower = (1, height - 2) if height > 3 else (0, height - 1)
    return upper if place == 0 else lower
