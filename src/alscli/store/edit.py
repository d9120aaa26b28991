"""Changing one value in a record's text; every byte that is not about that value stays."""

from __future__ import annotations

import copy
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from alscli.errors import AlscliError, RefusedError
from alscli.store import layout
from alscli.store.canonical import write_key
from alscli.store.toml import Document, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from alscli.model.shape import Shape
    from alscli.store.spans import Path, Statement, Value

_REST_OF_ELEMENT = re.compile(r"[ \t]*(,)?[ \t]*(?:#[^\r\n]*)?(?=\r?\n)")
_TO_COMMA = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+,")


def set_value(text: str, path: Path, value: object, shape: Shape) -> str:
    """Return `text` with `value` at `path`.

    A value that stands there is replaced where it stands. A new key goes where the canonical order
    puts it, and tables on the way to it are made. Raises `TomlError` where `text` is not TOML,
    `RefusedError` where a part of the path is neither a table nor a list.
    """
    document = parse(text.encode())
    if document.spans.value(path) is not None:
        result = _replace(document, path, value, shape)
    else:
        if _has(document.values, path):
            document = parse(_remove(document, path).encode())
        result = _insert(document, path, value, shape)
    expected = copy.deepcopy(document.values)
    _assign(expected, path, value)
    return _checked(result, expected, shape)


def set_values(text: str, changes: Mapping[Path, object], shape: Shape) -> str:
    """Return `text` with these values at their paths, as `set_value` makes one after the other.

    Those that are literals in the text are replaced at once.
    """
    document = parse(text.encode())
    spans = {path: document.spans.value(path) for path in changes}
    placed = sorted((span, path) for path, span in spans.items() if span is not None)
    if any(before.end > after.start for (before, _), (after, _) in pairwise(placed)):
        placed = []
    statements = {statement.path for statement in document.spans.statements}
    expected = copy.deepcopy(document.values)
    line_end, parts, at = _line_end(text), [], 0
    for span, path in placed:
        literal = _literal(path, changes[path], shape, nested=path not in statements)
        parts += [text[at : span.start], literal.replace("\n", line_end)]
        at = span.end
        _assign(expected, path, changes[path])
    result = _checked("".join([*parts, text[at:]]), expected, shape)
    done = {path for _, path in placed}
    for path, value in changes.items():
        if path not in done:
            result = set_value(result, path, value, shape)
    return result


def unset(text: str, path: Path, shape: Shape) -> str:
    """Return `text` without the key or element at `path`, and without tables and lists that this empties.

    A comment on the same line goes with it, and the comments of a whole table. Raises `RefusedError`
    where there is nothing at `path`.
    """
    document = parse(text.encode())
    expected = copy.deepcopy(document.values)
    if not path or not _has(expected, path):
        raise RefusedError(f"there is no {_dotted(path)}", "`alscli show` prints what a record holds")
    while True:
        del _get(expected, path[:-1])[path[-1]]
        if _has(document.values, path):  # else it was only there as a part of the key
            document = parse(_remove(document, path).encode())
        path = path[:-1]
        if (
            not path
            or _get(expected, path)
            or (_has(document.values, path) and _has_comments(document, path))
        ):
            break
    return _checked(document.text, expected, shape)


def append(text: str, path: Path, value: object, shape: Shape) -> str:
    """Return `text` with one more element in the list at `path`, which is made if it is missing.

    In a list with an order of its own the element goes where that puts it, else to the end.
    """
    document = parse(text.encode())
    if not _has(document.values, path) or _get(document.values, path) == []:
        return set_value(text, path, [value], shape)
    elements = _get(document.values, path)
    if not isinstance(elements, list):
        raise RefusedError(f"{_dotted(path)} is not a list", "set the whole value instead")
    index = _index(elements, value, _shape_at(shape, path))
    expected = copy.deepcopy(document.values)
    _get(expected, path).insert(index, value)
    return _checked(_insert_element(document, path, index, value, shape), expected, shape)


def _checked(text: str, expected: dict[str, Any], shape: Shape) -> str:
    if layout.meaning(parse(text.encode()).values, shape) != layout.meaning(expected, shape):
        raise AlscliError(
            "this edit would change more than it should; nothing was done",
            "use `alscli edit`, and please report the command and the file",
        )
    return text


# Values.


def _has(values: Any, path: Path) -> bool:
    for part in path:
        if isinstance(values, list):
            if not isinstance(part, int) or not 0 <= part < len(values):
                return False
        elif not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def _get(values: Any, path: Path) -> Any:
    for part in path:
        values = values[part]
    return values


def _assign(values: Any, path: Path, value: object) -> None:
    """Put `value` at `path`, as `_insert` does."""
    for part, following in pairwise(path):
        if isinstance(values, list) and part == len(values):
            values.append([] if isinstance(following, int) else {})
        elif isinstance(values, dict):
            values.setdefault(part, [] if isinstance(following, int) else {})
        values = values[part]
    if isinstance(values, list) and path[-1] == len(values):
        values.append(value)
    else:
        values[path[-1]] = value


def _shape_at(shape: Shape | None, path: Path) -> Shape | None:
    for part in path:
        if shape is not None and isinstance(part, str):
            shape = shape.keys.get(part)
    return shape


def _index(elements: list[Any], value: object, shape: Shape | None) -> int:
    """Where a new element goes: before the first that is greater, if the list is kept sorted."""

    def rank(element: Any) -> list[tuple[int, str]]:
        if shape and shape.kind == "set":
            return [(0, str(element))]
        keys = shape.sort if shape and isinstance(element, dict) else ()
        return [(0, str(element[key])) if key in element else (1, "") for key in keys]

    return next((i for i, element in enumerate(elements) if rank(element) > rank(value)), len(elements))


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "record"


# Text.


def _line_end(text: str) -> str:
    return "\r\n" if re.match(r"[^\n]*\r\n", text) else "\n"


def _splice(text: str, start: int, end: int, inserted: str) -> str:
    return text[:start] + inserted.replace("\n", _line_end(text)) + text[end:]


def _eol(text: str, at: int) -> int:
    """The end of the line at `at`, before its line end."""
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if end > at and text[end - 1] == "\r" else end


def _before(text: str, line: int) -> int:
    """The end of the line above one that begins at `line`."""
    return len(text[:line].removesuffix("\n").removesuffix("\r"))


def _end_above(text: str, line: int) -> int:
    """The end of the last line above that is not blank."""
    return _eol(text, len(text[:line].rstrip()))


def _is_blank(text: str) -> bool:
    return not text.strip("\ufeff \t\r\n")


def _bol(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at) + 1, int(text.startswith("\ufeff")))


def _top(document: Document, statement: Statement) -> int:
    """The first character of the comment block that touches a statement from above, else of its line."""
    text = document.text
    floor = max((s.end for s in document.spans.statements if s.start < statement.start), default=0)
    first = _bol(text, statement.start)
    while first > 1:
        above = _bol(text, first - 1)
        line = text[above:first].strip()
        if not line.startswith("#") or line.startswith("#:schema") or above == first or above < floor:
            break
        first = above
    return first


def _bottom(document: Document, statement: Statement) -> int:
    """The end of the line of a statement, or of the comments below that belong to its table."""
    text = document.text
    line_end = _eol(text, statement.end)
    following = next((s for s in document.spans.statements if s.start > statement.start), None)
    if following is not None:
        return max(line_end, _end_above(text, _top(document, following)))
    comments = re.compile(r"(?:\r?\n[ \t]*#[^\r\n]*)*").match(text, line_end)
    return comments.end() if comments else line_end


def _has_comments(document: Document, path: Path) -> bool:
    """Whether an emptied table has comments of its own, which stay."""
    for statement in document.spans.statements:
        if statement.path == path and statement.value is None:
            return document.text[statement.end : _bottom(document, statement)].strip() != ""
    span = document.spans.value(path)
    return span is not None and "#" in document.text[span.start : span.end]


def _syntax(document: Document, path: Path) -> Value:
    """The value that stands at `path`, with its parts."""
    for statement in document.spans.statements:
        if statement.value is not None and path[: len(statement.path)] == statement.path:
            return _part(statement.value, path[len(statement.path) :])
    raise KeyError(path)


def _part(value: Value, path: Path) -> Value:
    if not path:
        return value
    if value.kind == "array":
        return _part(value.children[int(path[0])][1], path[1:])
    for key, child in value.children:
        if key is not None and path[: len(key.names)] == key.names:
            return _part(child, path[len(key.names) :])
    raise KeyError(path)


# Replacing and inserting.


def _replace(document: Document, path: Path, value: object, shape: Shape) -> str:
    span = document.spans.value(path)
    assert span is not None  # noqa: S101
    nested = all(statement.path != path for statement in document.spans.statements)
    return _splice(document.text, span.start, span.end, _literal(path, value, shape, nested=nested))


def _literal(path: Path, value: object, shape: Shape, *, nested: bool) -> str:
    return layout.write_value(value, _shape_at(shape, path), nested=nested)


def _insert(document: Document, path: Path, value: object, shape: Shape) -> str:
    *above, last = path
    parent = tuple(above)
    if not _has(document.values, parent):
        return _insert(document, parent, [value] if isinstance(last, int) else {last: value}, shape)
    container = _get(document.values, parent)
    if isinstance(last, int):
        if not isinstance(container, list) or last != len(container):
            raise RefusedError(f"{_dotted(parent)} has no element {last}", "append to the list instead")
        if not container:
            return _replace(document, parent, [value], shape)
        return _insert_element(document, parent, last, value, shape)
    if not isinstance(container, dict):
        raise RefusedError(
            f"{_dotted(parent)} is a value, not a table, so it can have no {last}",
            "set the whole of it instead",
        )
    spans = document.spans
    host = parent
    while host and spans.value(host) is None and spans.header(host) is None and spans.key(host) is not None:
        host = host[:-1]
    names = tuple(str(part) for part in path[len(host) :])
    if spans.value(host) is not None:
        return _into_inline(document, host, names, value, shape)
    if len(names) == 1 and layout.has_header(value, _shape_at(shape, path)):
        return _insert_blocks(document, path, value, shape)
    return _insert_line(document, host, names, value, shape)


def _into_inline(document: Document, host: Path, names: tuple[str, ...], value: object, shape: Shape) -> str:
    table = _syntax(document, host)
    key = ".".join(map(write_key, names))
    literal = layout.write_value(value, _shape_at(shape, (*host, *names)), nested=True)
    pair = f"{key} = {literal}"
    if not table.children:
        return _splice(document.text, table.start, table.end, f"{{ {pair} }}")
    present = [child_key.names[0] for child_key, _ in table.children if child_key]
    before = _predecessor(present, names[0], _shape_at(shape, host))
    if before is None:
        first = table.children[0][0]
        assert first is not None  # noqa: S101
        return _splice(document.text, first.spans[0].start, first.spans[0].start, f"{pair}, ")
    end = table.children[before][1].end
    return _splice(document.text, end, end, f", {pair}")


def _predecessor(present: Iterable[str], name: str, shape: Shape | None) -> int | None:
    """The index of the present key that a new one follows in canonical order."""
    rank = shape.rank if shape else {}
    own = rank.get(name, len(rank))
    ranked = [(rank.get(other, len(rank)), index) for index, other in enumerate(present)]
    return max((pair for pair in ranked if pair[0] <= own), default=(0, None))[1]


def _insert_line(document: Document, host: Path, names: tuple[str, ...], value: object, shape: Shape) -> str:
    text, statements = document.text, document.spans.statements
    literal = layout.write_value(value, _shape_at(shape, (*host, *names)))
    line = f"{'.'.join(map(write_key, names))} = {literal}"
    siblings = [s for s in statements if s.value is not None and s.table == host]
    before = _predecessor([s.key.names[0] for s in siblings], names[0], _shape_at(shape, host))
    header = next((s for s in statements if s.value is None and s.path == host), None)
    if before is not None or header is not None:
        after = header if before is None else siblings[before]
        assert after is not None  # noqa: S101
        end = _eol(text, after.end)
        return _splice(text, end, end, f"\n{line}")
    if siblings:
        top = _top(document, siblings[0])
        return _splice(text, top, top, f"{line}\n")
    below = next((s for s in statements if s.path[: len(host)] == host), None)
    if host:  # only tables below it have headers
        line = f"[{'.'.join(write_key(part) for part in host if isinstance(part, str))}]\n{line}"
    if below is not None:
        top = _top(document, below)
        return _splice(text, top, top, f"{line}\n\n")
    return _splice(text, len(text), len(text), f"{_gap(text)}{line}\n")


def _gap(text: str) -> str:
    return "" if not text.removeprefix("\ufeff") or text.endswith("\n") else "\n"


def _insert_blocks(document: Document, path: Path, value: object, shape: Shape) -> str:
    """Write a new `[table]`, or all of a new list as `[[tables]]`, after its predecessor among the tables."""
    text, statements = document.text, document.spans.statements
    host, name = path[:-1], str(path[-1])
    inner = _shape_at(shape, path)
    names = tuple(str(part) for part in path if isinstance(part, str))
    many = isinstance(value, list)
    tables: list[Any] = value if isinstance(value, list) else [value]
    blocks = "\n\n".join(layout.write_block(names, table, inner, many=many) for table in tables)
    inside = [s for s in statements if s.path[: len(host)] == host and s.table != host]
    before = _predecessor([str(s.path[len(host)]) for s in inside], name, _shape_at(shape, host))
    own = [s for s in statements if s.table == host]
    if before is not None or own:
        end = _bottom(document, own[-1] if before is None else inside[before])
        return _splice(text, end, end, f"\n\n{blocks}")
    if inside:
        return _insert_above(document, inside[0], blocks)
    gap = "\n" if text.removeprefix("\ufeff") else ""
    return _splice(text, len(text), len(text), f"{_gap(text)}{gap}{blocks}\n")


def _insert_above(document: Document, statement: Statement, block: str) -> str:
    text, top = document.text, _top(document, statement)
    if not _is_blank(text[:top]):
        top = _end_above(text, top)
        return _splice(text, top, top, f"\n\n{block}")
    return _splice(text, top, top, f"{block}\n\n")


def _insert_element(document: Document, path: Path, index: int, value: object, shape: Shape) -> str:
    inner = _shape_at(shape, path)
    if document.spans.value(path) is not None:
        literal = layout.write_value(value, inner if isinstance(value, dict) else None, nested=True)
        return _into_array(document.text, _syntax(document, path), index, literal)
    if not isinstance(value, dict):
        raise RefusedError(f"the elements of {_dotted(path)} are tables", "give a table")
    names = tuple(part for part in path if isinstance(part, str))
    block = layout.write_block(names, value, inner, many=True)
    statements = document.spans.statements
    if index:
        before = [s for s in statements if s.path[: len(path) + 1] == (*path, index - 1)]
        end = _bottom(document, before[-1])
        return _splice(document.text, end, end, f"\n\n{block}")
    first = next(s for s in statements if s.path == (*path, 0))
    return _insert_above(document, first, block)


def _into_array(text: str, array: Value, index: int, literal: str) -> str:
    elements = [child for _, child in array.children]
    first = elements[0].start
    on_lines = "\n" in text[array.start : first]
    if not on_lines and index == 0:
        return _splice(text, first, first, f"{literal}, ")
    if not on_lines:
        return _splice(text, elements[index - 1].end, elements[index - 1].end, f", {literal}")
    indent = text[_bol(text, first) : first]
    if index == 0:
        top = _eol(text, array.start)
        return _splice(text, top, top, f"\n{indent}{literal},")
    end = elements[index - 1].end
    rest = _REST_OF_ELEMENT.match(text, end)
    if rest and rest[1]:
        return _splice(text, rest.end(), rest.end(), f"\n{indent}{literal},")
    if rest and index == len(elements):
        text = _splice(text, rest.end(), rest.end(), f"\n{indent}{literal}")
        return _splice(text, end, end, ",")
    return _splice(text, end, end, f",\n{indent}{literal}")


# Removing.


def _remove(document: Document, path: Path) -> str:
    for statement in document.spans.statements:
        if (
            statement.value is not None
            and len(statement.path) < len(path)
            and path[: len(statement.path)] == statement.path
        ):
            return _remove_part(document.text, statement.value, path[len(statement.path) :])
    going = [s for s in document.spans.statements if s.path[: len(path)] == path]
    text = document.text
    for start, end in reversed(list(_extents(document, going, path))):
        text = text[:start] + text[end:]
    return text


def _extents(document: Document, going: list[Statement], path: Path) -> Iterator[tuple[int, int]]:
    """What to cut: the lines of keys; of whole tables also their comments and the blank lines above."""
    text, statements = document.text, document.spans.statements
    places = {statement.start: place for place, statement in enumerate(statements)}
    run: list[Statement] = []
    for statement in going:
        if statement.value is not None and len(statement.table) < len(path):
            yield _line_extent(text, statement)
            continue
        place = places[statement.start]
        run.append(statement)
        if place + 1 == len(statements) or statements[place + 1] not in going:
            yield _block_extent(document, run[0], statement)
            run = []


def _line_extent(text: str, statement: Statement) -> tuple[int, int]:
    start, end = _bol(text, statement.start), _eol(text, statement.end)
    if end < len(text):
        return start, text.index("\n", end) + 1
    return _before(text, start), end


def _block_extent(document: Document, first: Statement, last: Statement) -> tuple[int, int]:
    text = document.text
    top, end = _top(document, first), _bottom(document, last)
    if not _is_blank(text[:top]):
        return _end_above(text, top), end
    return top, len(text) - len(text[end:].lstrip())


def _remove_part(text: str, value: Value, path: Path) -> str:
    """Remove an element of an array or a pair of an inline table, with one comma."""
    if value.kind == "array" and len(path) > 1:
        return _remove_part(text, value.children[int(path[0])][1], path[1:])
    if value.kind == "array":
        return _remove_child(text, value, int(path[0]))
    for index in reversed(range(len(value.children))):
        key, child = value.children[index]
        assert key is not None  # noqa: S101
        if key.names[: len(path)] == path:
            text = _remove_child(text, value, index)
        elif path[: len(key.names)] == key.names:
            return _remove_part(text, child, path[len(key.names) :])
    return text


def _remove_child(text: str, value: Value, index: int) -> str:
    starts = [key.spans[0].start if key else child.start for key, child in value.children]
    ends = [child.end for _, child in value.children]
    last = index == len(ends) - 1
    rest, comma = _REST_OF_ELEMENT.match(text, ends[index]), _TO_COMMA.match(text, ends[index])
    line = _bol(text, starts[index])
    alone = value.kind == "array" and line > value.start and not text[line : starts[index]].strip()
    first_or_after_comment = index == 0 or "#" in text[ends[index - 1] : starts[index]]
    if alone and rest and (rest[1] or (comma is None and first_or_after_comment)):
        return text[: _before(text, line)] + text[rest.end() :]
    if index:
        return text[: ends[index - 1]] + text[ends[index] :]
    if not last:
        return text[: starts[0]] + text[starts[1] :]
    return text[: starts[0]] + text[comma.end() if comma else ends[0] :]
