"""The least that a run of each kind has to say."""

from __future__ import annotations

from typing import Any

LANDSCAPE: dict[str, Any] = {"problem": {"kind": "landscape"}}
EXPRESSION: dict[str, Any] = {"problem": {"kind": "expression", "expression": "(x + y)*z"}}
MOONS: dict[str, Any] = {"problem": {"kind": "dataset"}, "data": {"name": "moons"}}
LINE: dict[str, Any] = {"problem": {"kind": "dataset"}, "data": {"name": "line"}}
