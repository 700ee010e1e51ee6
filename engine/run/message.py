"""What everything that an engine and its clients say to each other has in common; `encoding` turns it into frames."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Anything that goes as JSON; a number that is not finite goes as text and comes back as that number."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings", defer_build=True)
