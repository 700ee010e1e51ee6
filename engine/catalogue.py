"""Tables of classes by their names, each imported when it is first wanted: a run uses one rule of nineteen.

And the field of a spec that is an object of one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SerializationInfo, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from .fields import Section

Kind = TypeVar("Kind")


class Catalogue(Mapping[str, Kind], Generic[Kind]):
    """Names known at once, and what they stand for as soon as it is asked for."""

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        """Take "module:Class" in `package` for every name, in the order in which people are to read them."""
        self._package, self._places = package, dict(places)
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Kind:
        if name not in self._found:
            module, _, kind = self._places[name].partition(":")
            self._found[name] = getattr(import_module(f".{module}", self._package), kind)
        found: Kind = self._found[name]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places


class ChosenBy:
    """What makes a field an object of one of a table's classes, told apart by a tag: `Annotated[Base, ChosenBy(…)]`.

    As a discriminated union of pydantic's, but only the class that is chosen is made ready: to prepare twenty rules for
    a run that uses one takes as long as all else that its start needs.
    """

    def __init__(self, table: Mapping[str, type[Section]], *, tag: str = "name", usual: str | None = None) -> None:
        """Choose from `table`; an object without a tag is of the class `usual`, if there is one."""
        self._table, self._tag, self._usual = table, tag, usual

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Return what checks the field and what writes it."""
        return core_schema.no_info_plain_validator_function(
            self._chosen, serialization=core_schema.plain_serializer_function_ser_schema(_dumped, info_arg=True)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return that the field is a table: what is in it depends on its tag."""
        return {"type": "object"}

    def _chosen(self, value: Any) -> Section:
        if isinstance(value, Section):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("table_wanted", "a table is wanted")
        name = value.get(self._tag, self._usual)
        if not isinstance(name, str) or name not in self._table:
            raise PydanticCustomError("union_tag_invalid", "no entry of the table")
        kind: type[Section] = self._table[name]
        try:
            return kind.model_validate({**value, self._tag: name})
        except ValidationError as error:
            # The tag goes in front of the field, as with pydantic's own unions, so that a message knows the class.
            faults = error.errors(include_url=False)
            raise ValidationError.from_exception_data(
                error.title,
                [
                    InitErrorDetails(
                        type=fault["type"], loc=(name, *fault["loc"]), input=fault["input"], ctx=fault.get("ctx", {})
                    )
                    for fault in faults
                ],
            ) from None


def _dumped(value: Section, info: SerializationInfo) -> dict[str, Any]:
    return value.model_dump(
        mode=info.mode,
        exclude_unset=info.exclude_unset,
        exclude_defaults=info.exclude_defaults,
        exclude_none=info.exclude_none,
    )
