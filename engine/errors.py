"""The exceptions that a caller of the engine can meet."""

from __future__ import annotations


class GdtuiError(Exception):
    """Something went wrong that a person can read about in one line."""


class InputError(GdtuiError):
    """What a person gave is wrong; the text names the place, the field, the value and what is allowed."""


class MisfitError(ValueError):
    """Fields of a spec, each right by itself, do not fit together, or not to what they name."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__(f"{key}: {allowed}")
        self.key, self.value, self.allowed = key, value, allowed


class RunError(GdtuiError):
    """A run could not be started, found, reached or read."""


class NotFiniteError(GdtuiError):
    """What was to be measured is not a finite number."""
