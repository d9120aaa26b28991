"""What is said about a field beside its type: meaning, terms, registry mapping, layout. One line a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from alscli.model.shape import Kind
from alscli.model.vocabulary import Vocabularies, shipped

FACET = "x-facet"


class Table(BaseModel):
    """A table of the format: closed (an unknown key is an error), strict, read-only."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class Facet:
    """What the model says of a field beside its type.

    `trds` is the item of the WHO Trial Registration Data Set (1 to 24), `ctgov` the path in
    ClinicalTrials.gov's API v2 below `protocolSection` (or `resultsSection`, then named).
    """

    trds: str = ""
    ctgov: str = ""
    kind: Kind | None = None
    identity: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()


def required(meaning: str, **facet: Any) -> Any:
    """A field without which a record cannot be saved; keywords are those of `Facet`."""
    return Field(description=meaning, json_schema_extra={FACET: facet})


def optional(meaning: str, **facet: Any) -> Any:
    """A field that may be missing."""
    return Field(default=None, description=meaning, json_schema_extra={FACET: facet})


def several(meaning: str, **facet: Any) -> Any:
    """A list that is empty when the key is missing."""
    return Field(default_factory=list, description=meaning, json_schema_extra={FACET: facet})


def facet_of(field: FieldInfo) -> Facet:
    """What the model says of this field beside its type."""
    extra = field.json_schema_extra
    stated: Any = extra.get(FACET, {}) if isinstance(extra, dict) else {}
    return Facet(**stated)


@dataclass(frozen=True, slots=True)
class Term:
    """Annotates text that must be a code of one vocabulary.

    The vocabularies come from the validation context (`{"vocabularies": …}`), so that a collection's own
    terms count; without one, the shipped terms.
    """

    vocabulary: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        name = self.vocabulary

        def read(value: object, info: core_schema.ValidationInfo) -> str:
            if not isinstance(value, str):
                raise PydanticCustomError("type", "should be {expected}", {"expected": "a term in quotes"})
            context = info.context
            vocabularies: Vocabularies = context["vocabularies"] if context else shipped()
            if value not in vocabularies[name].terms:
                raise PydanticCustomError("term", "is not a term of {vocabulary}", {"vocabulary": name})
            return value

        return core_schema.with_info_plain_validator_function(read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "x-vocabulary": self.vocabulary}
