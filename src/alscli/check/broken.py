"""A record with schema errors, as far as it can be read: rules see the rest and stay silent about the broken.

Whatever a rule does with a broken value raises `BrokenError` (or, in functions written in C, `TypeError`),
which the engine takes as silence. So one fault gives one finding, and a rule needs to know nothing of broken
values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from alscli.model.field import Table
from alscli.model.format import anatomy, key_of
from alscli.model.nearness import nearest
from alscli.model.path import Path
from alscli.model.provenance import Waiver


class BrokenError(Exception):
    """A rule used a value that the schema refuses."""


class _Broken:
    def _raise(self, *_: object, **__: object) -> NoReturn:
        raise BrokenError

    __getattr__ = __iter__ = __len__ = __bool__ = __contains__ = __getitem__ = __call__ = _raise
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __str__ = __format__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _raise
    __abs__ = __neg__ = __int__ = __float__ = __index__ = __hash__ = _raise


BROKEN: Any = _Broken()


def readable_part(model: type[Table], values: Any, paths: Iterable[Path], context: dict[str, Any]) -> Table:
    """A model of `values` in which what stands, or is missing, at each of `paths` is broken."""
    part: Any = _table(model, values, list(paths), context)
    if getattr(part, "waivers", None) is BROKEN:
        part = part.model_copy(update={"waivers": _readable_waivers(model, values, context)})
    readable: Table = part
    return readable


def _readable_waivers(model: type[Table], values: Mapping[str, Any], context: dict[str, Any]) -> list[Any]:
    """The waivers, also those below a misspelled header: what they are for would be found once more."""
    known = {key_of(name, field) for name, field in model.model_fields.items()}
    found: list[Any] = []
    meant = [key for key in sorted(values.keys() - known) if nearest(key, known)[:1] == ["waivers"]]
    for key in ("waivers", *meant):
        elements = values.get(key)
        for element in elements if isinstance(elements, list) else ():
            try:
                found.append(Waiver.model_validate(element, context=context))
            except ValidationError:
                if key == "waivers":
                    found.append(BROKEN)
    return found


def _table(model: type[Table], values: Any, paths: list[Path], context: dict[str, Any]) -> Any:
    if not isinstance(values, Mapping) or () in paths:
        return BROKEN
    built: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        key = key_of(name, field)
        below = [path[1:] for path in paths if path and path[0] == key]
        if not below and key not in values:
            built[name] = field.get_default(call_default_factory=True)
        elif not below:
            built[name] = _adapter(model, name).validate_python(values[key], context=context)
        else:
            built[name] = _part(model, name, values.get(key), below, context)
    return model.model_construct(**built)


def _part(model: type[Table], name: str, value: Any, paths: list[Path], context: dict[str, Any]) -> Any:
    what = anatomy(model, name)
    if () in paths or what.table is None:
        return BROKEN
    if not what.many:
        return _table(what.table, value, paths, context)
    elements: list[Any] = []
    for position, element in enumerate(value):
        below = [path[1:] for path in paths if path[0] == position]
        if below:
            elements.append(_table(what.table, element, below, context))
        else:
            elements.append(what.table.model_validate(element, context=context))
    return elements


@cache
def _adapter(model: type[Table], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    annotation: Any = field.annotation
    for item in field.metadata:
        annotation = Annotated[annotation, item]
    return TypeAdapter(annotation)
