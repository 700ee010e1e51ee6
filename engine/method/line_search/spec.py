"""What a person can choose about a line search."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ... import fields
from ...errors import MisfitError

MethodName = Literal["none", "exact", "armijo", "wolfe"]


class LineSearchSpec(fields.Section):
    """Whether the length of a step is searched for, and how."""

    name: Literal["auto", "none", "exact", "armijo", "wolfe"] = Field(
        title="Line search",
        default="auto",
        description="Seeks the length of each step on its own batch; auto: wolfe for L-BFGS, none for other rules.",
    )
    c1: Annotated[fields.Number, Field(gt=0.0, lt=1.0)] = Field(
        title="Sufficient decrease",
        default=1e-4,
        description="Share of the decrease promised by the slope that a step has to bring; higher: shorter steps.",
        json_schema_extra={"symbol": "c₁", "scale": "log"},
    )
    c2: Annotated[fields.Number, Field(gt=0.0, lt=1.0)] = Field(
        title="Curvature",
        default=0.9,
        description="Share of the slope that may be left at the end of a step, for wolfe; lower searches longer.",
        json_schema_extra={"symbol": "c₂", "scale": "linear"},
    )
    shrink: Annotated[fields.Number, Field(ge=0.01, le=0.99)] = Field(
        title="Shrink",
        default=0.5,
        description="Factor from one trial of armijo to the next; higher tries more lengths.",
        json_schema_extra={"symbol": "shrink", "scale": "linear"},
    )
    initial: Annotated[fields.Number, Field(ge=1e-12, le=1e6)] = Field(
        title="First trial",
        default=1.0,
        description="Length that every search tries first; for armijo also the longest.",
        json_schema_extra={"symbol": "α₀", "scale": "log"},
    )
    evaluations: Annotated[fields.Whole, Field(ge=1, le=1000)] = Field(
        title="Evaluations",
        default=25,
        description="Most trials of one search; then the lowest one counts, and none moves nothing.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> LineSearchSpec:
        if self.c1 >= self.c2 and self.name in ("auto", "wolfe"):
            raise MisfitError("line_search.c2", self.c2, f"a number > line_search.c1, here {self.c1:g}")
        return self
