"""What all inspections have in common: settings that are checked, and findings that come one after the other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ..path import Path
from ..trainer import Trainer


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an inspection knows so far; a later one replaces it."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """Numbers, texts and lists of them, as JSON holds them; numbers may be inf or nan."""
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    """float32, float64, int32 or uint8; shared with nothing that the next step changes."""
    share: float = 1.0
    """How much of the work is done, up to 1."""


class Inspection(BaseModel):
    """One way to look at a trainer; its fields are what may be chosen about it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @abstractmethod
    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding | None]:
        """Yield what is found, coarse first, and None after every few milliseconds of work without a finding.

        Steps are taken between two of these, so what has to belong to one step is copied before the first. It is
        closed when nobody wants it any more. The trainer is left as it was.

        Args:
            trainer: What is looked at.
            path: Where its parameters have been.

        Raises:
            InputError: There is no such thing to be seen here, in one line.
        """
