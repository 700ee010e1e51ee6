"""Which parts of a spec are alive while a run goes on."""

from __future__ import annotations

LIVE_SECTIONS = (
    "optimizer",
    "schedule",
    "batch",
    "clip",
    "regularisation",
    "line_search",
    "averaging",
    "noise",
    "stop",
    "evaluation",
    "pace",
    "compute",
)
"""The sections of a spec whose fields can change between two steps; the others decide where a run starts."""
