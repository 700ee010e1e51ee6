"""What JSON has no way to say, said in the same way on every line that gdtui prints."""

from __future__ import annotations

import math
from typing import Any


def portable(value: Any) -> Any:
    """Return `value` with every number that is not finite as its name: "nan", "inf" or "-inf"."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: portable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [portable(item) for item in value]
    return value
