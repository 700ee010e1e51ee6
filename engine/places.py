"""Where gdtui keeps what belongs to its user."""

from __future__ import annotations

import os
from pathlib import Path


def data_home() -> Path:
    """Return the folder for runs and for data that were fetched."""
    chosen = os.environ.get("GDTUI_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_path  # costs 20 ms that an engine need not spend

    return user_data_path("gdtui", appauthor=False)
