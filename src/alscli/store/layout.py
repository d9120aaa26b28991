"""The one layout of a record's text: order of keys, style of each list, comments where they stood."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from alscli.errors import AlscliError
from alscli.model.path import value_at
from alscli.model.shape import Shape
from alscli.store.spans import read
from alscli.store.toml import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alscli.store.spans import Statement, Value

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_INTEGER = re.compile(r"([+-]?)([0-9][0-9_]*)")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}
_SCHEMA = "#:schema"


def lay_out(text: str, shape: Shape, schema_comment: str = "") -> str:
    """Return `text`, valid TOML, in canonical layout; a text that is in it already comes back as it is.

    A first line `#:schema …` is kept; where there is none, `schema_comment` becomes it. Raises
    `TomlError` where `text` is not TOML.
    """
    document = parse(text.encode())
    if text == dump(document.values, shape, schema_comment):
        return text
    page = _page(document.text.replace("\r\n", "\n"), document.values)
    result = _write_page(page, shape, page.schema or schema_comment)
    if result != text and meaning(parse(result.encode()).values, shape) != meaning(document.values, shape):
        raise AlscliError(
            "the canonical layout would change what this file means; nothing was done",
            "this is a mistake in alscli: please report it, with the file",
        )
    return result


def dump(values: Mapping[str, Any], shape: Shape, schema_comment: str = "") -> str:
    """Return the text of a new record: `str`, `int`, `bool`, `Decimal`, `float`, dates, lists and dicts.

    A `Decimal` is written with the digits that it has.
    """
    lines = [schema_comment] if schema_comment else []
    _write_table(values, shape, "", lines)
    if lines and not lines[0]:
        del lines[0]
    return "\n".join(lines) + "\n" if lines else ""


def _write_table(values: Mapping[str, Any], shape: Shape, name: str, lines: list[str]) -> None:
    """Add the lines of a table without comments, those of the tables below it last."""
    below: list[tuple[str, Any, Shape]] = []
    for key, known in shape.in_order(values):
        value = values[key]
        written = write_key(key) if known is None else key
        if value.__class__ is str:  # most values by far
            plain = value.isprintable() and '"' not in value and "\\" not in value
            lines.append(f'{written} = "{value}"' if plain else f"{written} = {_text(value)}")
            continue
        inner = known or _PLAIN
        if _has_header(value, inner):
            below.append((written, value, inner))
        elif inner.kind == "inline_tables" and value and isinstance(value, list) and _all_tables(value):
            lines.append(f"{written} = [")
            lines += [f"  {_inline(element, inner)}," for element in _in_order(value, inner)]
            lines.append("]")
        else:
            lines.append(f"{written} = {_inline(value, inner)}")
    for written, value, inner in below:
        path = f"{name}.{written}" if name else written
        for element in [value] if isinstance(value, dict) else _in_order(value, inner):
            lines += ["", f"[{path}]" if isinstance(value, dict) else f"[[{path}]]"]
            _write_table(element, inner, path, lines)


class Place(NamedTuple):
    """Where something stands in canonical text: 0-based line; start and end are characters in it."""

    line: int
    start: int
    end: int


class Places:
    """The places of a record's keys and values, found in its text unparsed, because it is canonical.

    An order of magnitude faster than reading the text again; the law that both agree is a test. Raises
    ValueError for a text in which a line may be a part of a string.
    """

    def __init__(self, text: str, values: Mapping[str, Any], shape: Shape) -> None:
        if '"""' in text:
            raise ValueError("strings of several lines")
        self._text = f"\n{text}"
        self._values = values
        self._shape = shape

    def find(self, path: tuple[str | int, ...]) -> tuple[Place | None, Place | None, Place | None]:
        """The header, key and value at a path, each None where the text has none."""
        values, shape, rest = self._values, self._shape, path
        name, at, header = "", 0, None
        while rest and rest[0] in values:
            key = str(rest[0])
            value, inner = values[key], shape.keys.get(key, _PLAIN)
            if not _has_header(value, inner):
                at = self._text.index(f"\n{write_key(key)} = ", at)
                return _in_pair(key, value, inner, rest[1:], self._line(at)) or _NOWHERE
            name = f"{name}.{write_key(key)}" if name else write_key(key)
            many = isinstance(value, list)
            written = f"[[{name}]]" if many else f"[{name}]"
            position = int(rest[1]) if many and len(rest) > 1 else 0
            if many and position >= len(value):
                return _NOWHERE
            for _ in range(position + 1):
                at = self._text.index(f"\n{written}\n", at) + 1
            header = Place(self._line(at - 1), 0, len(written))
            values, shape, rest = value[position] if many else value, inner, rest[2 if many else 1 :]
            at -= 1
        return _NOWHERE if rest else (header, None, None)

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at)


_Found = tuple[Place | None, Place | None, Place | None]
_NOWHERE: _Found = (None, None, None)


def _has_header(value: Any, shape: Shape) -> bool:
    if isinstance(value, dict):
        return shape.kind == "table"
    return isinstance(value, list) and bool(value) and shape.kind == "tables" and _all_tables(value)


def _height(value: Any, shape: Shape) -> int:
    if isinstance(value, str):
        return _quote_lines(value).count("\n") + 1 if "\n" in value else 1
    if isinstance(value, list) and value and shape.kind == "inline_tables" and _all_tables(value):
        return len(value) + 2
    return 1


def _in_pair(key: str, value: Any, shape: Shape, path: tuple[str | int, ...], line: int) -> _Found | None:
    """What stands at `path` in the pair that begins at `line`; None where it takes more than a line."""
    written = write_key(key)
    start = len(written) + 3
    if not path:
        height = _height(value, shape)
        end = None if height > 1 else Place(line, start, start + len(_inline(value, shape)))
        return (None, Place(line, 0, len(written)), end) if end else None
    if _height(value, shape) > 1 and isinstance(value, list) and isinstance(path[0], int):
        return (
            _in_value(value[path[0]], shape, path[1:], line + 1 + path[0], 2, None)
            if path[0] < len(value)
            else None
        )
    return _in_value(value, shape, path, line, start, None)


def _in_value(
    value: Any, shape: Shape, path: tuple[str | int, ...], line: int, start: int, key: Place | None
) -> _Found | None:
    """What stands at `path` in a value on one line that begins at `start`."""
    if not path:
        return None, key, Place(line, start, start + len(_inline(value, shape)))
    if isinstance(value, dict) and path[0] in value:
        at = start + 2
        for name, known in shape.in_order(value):
            inner = known or _PLAIN
            written = write_key(name)
            if name == path[0]:
                here = Place(line, at, at + len(written))
                return _in_value(value[name], inner, path[1:], line, at + len(written) + 3, here)
            at += len(written) + 3 + len(_inline(value[name], inner)) + 2
    if isinstance(value, list) and isinstance(path[0], int) and path[0] < len(value):
        at = start + 1
        for element in value[: path[0]]:
            at += len(_inline(element, _of_element(element, shape))) + 2
        element = value[path[0]]
        return _in_value(element, _of_element(element, shape), path[1:], line, at, None)
    return None


def _of_element(element: Any, shape: Shape) -> Shape:
    return shape if isinstance(element, dict) else _PLAIN


_PLAIN = Shape("value")


def _all_tables(elements: list[Any]) -> bool:
    for element in elements:  # noqa: SIM110 - `all` takes three times as long
        if not isinstance(element, dict):
            return False
    return True


def _in_order(elements: list[Any], shape: Shape) -> list[Any]:
    if shape.kind == "set" and all(isinstance(element, str) for element in elements):
        return sorted(elements)
    if shape.sort and _all_tables(elements):
        return sorted(elements, key=lambda e: [(key not in e, str(e.get(key, ""))) for key in shape.sort])
    return elements


def _inline(value: Any, shape: Shape) -> str:
    if value.__class__ is str:
        return _quote(value)
    if isinstance(value, dict):
        parts = [
            f"{write_key(key) if known is None else key} = {_inline(value[key], known or _PLAIN)}"
            for key, known in shape.in_order(value)
        ]
        return f"{{ {', '.join(parts)} }}" if parts else "{}"
    if isinstance(value, list | tuple):
        inner = [
            _inline(child, shape if isinstance(child, dict) else _PLAIN)
            for child in _in_order(list(value), shape)
        ]
        return f"[{', '.join(inner)}]"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if -10_000 < value < 10_000 else f"{value:_}"
    return _quote(value) if isinstance(value, str) else _scalar(value)


def _text(value: str) -> str:
    return _quote_lines(value) if "\n" in value else _quote(value)


def write_value(value: object, shape: Shape | None, *, nested: bool = False) -> str:
    """Return `value` as it stands after `key = `; `nested` in another value, on one line."""
    node = _node(value)
    if nested:
        return _one_line(node, shape, [])
    return "\n".join(_lines("", node, shape))[len(" = ") :]


def write_pair(key: str, value: object, shape: Shape | None, *, nested: bool = False) -> str:
    """Return `key = value`, without a line end."""
    return f"{write_key(key)} = {write_value(value, shape, nested=nested)}"


def write_block(names: tuple[str, ...], value: Mapping[str, Any], shape: Shape | None, *, many: bool) -> str:
    """Return a `[table]`, or an element `[[table]]`, and everything below it, without a last line end."""
    node = _node(value)
    assert isinstance(node, _Table)  # noqa: S101
    node.header = True
    return "\n".join(_table_lines(names, node, shape, many=many)).lstrip("\n")


@lru_cache(maxsize=4096)
def write_key(name: str) -> str:
    """Return a key as written: bare where TOML allows it."""
    return name if _BARE.fullmatch(name) else _quote(name)


def has_header(value: object, shape: Shape | None) -> bool:
    """Whether the layout writes `value` as `[table]` or `[[tables]]`, not after `key = `."""
    return shape is not None and _style(_node(value), shape) == "header"


def meaning(value: object, shape: Shape | None) -> object:
    """What a value says, comparable by `==`: no order of keys, no order of what is sorted, all digits."""
    if isinstance(value, dict):
        keys = shape.keys if shape else {}
        return ("table", [(key, meaning(value[key], keys.get(key))) for key in sorted(value)])
    if isinstance(value, list):
        elements = [meaning(child, shape if isinstance(child, dict) else None) for child in value]
        if shape and (shape.sort or shape.kind == "set"):
            elements.sort(key=repr)
        return ("list", elements)
    if isinstance(value, Decimal) and value.is_finite() and re.fullmatch(r"-?[0-9]+", str(value)):
        value = int(value)  # which is how it is read back
    if isinstance(value, float):
        value = Decimal(repr(value))
    return (type(value).__name__, str(value))


# A document as a tree of values that carry their comments.


@dataclass
class _Node:
    lead: list[str] = field(default_factory=list)
    trail: str = ""
    raw: str = ""

    def comments(self) -> list[str]:
        return [*self.lead, *([self.trail] if self.trail else [])]


@dataclass
class _Leaf(_Node):
    value: Any = None


@dataclass
class _Array(_Node):
    elements: list[_Node] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    header: bool = False


@dataclass
class _Table(_Node):
    entries: dict[str, _Node] = field(default_factory=dict)
    tail: list[str] = field(default_factory=list)
    header: bool = False
    dotted: bool = False


@dataclass
class _Page:
    root: _Table
    schema: str = ""
    head: list[list[str]] = field(default_factory=list)
    tail: list[list[str]] = field(default_factory=list)


def _node(value: object) -> _Node:
    if isinstance(value, dict):
        return _Table(entries={str(key): _node(child) for key, child in value.items()})
    if isinstance(value, list | tuple):
        return _Array(elements=[_node(child) for child in value])
    return _Leaf(value=value)


def _page(text: str, values: dict[str, Any]) -> _Page:
    text = text.removeprefix("\ufeff")
    statements = read(text)
    page = _Page(_Table(header=True))
    current = page.root
    last: _Node | None = None
    at = 0
    for statement in statements:
        node: _Node
        trail, blocks, attached = _comments(text[at : statement.start], after_value=last is not None)
        lead = blocks.pop() if attached else []
        if last is None:
            page.head = blocks
        elif statement.value is None:
            last.trail = trail
            current.tail += list(chain(*blocks))
        else:
            last.trail = trail
            lead = list(chain(*blocks)) + lead
        if statement.value is None:
            node = current = _open(page.root, statement)
        else:
            node = _value_node(text, statement.value, value_at(values, statement.path))
            _put(page.root, statement, node)
        node.lead = lead
        last = node
        at = statement.end
    trail, blocks, _ = _comments(text[at:] + "\n", after_value=last is not None)
    if last is None:
        page.head = blocks
    else:
        last.trail = trail
        if blocks and not re.match(r"[^\n]*\n[ \t]*\n", text[at:]):
            current.tail += blocks.pop(0)
        page.tail = blocks
    _take_schema(page, statements)
    return page


def _take_schema(page: _Page, statements: list[Statement]) -> None:
    """Move a `#:schema` line from the comments at the top of the file to the page."""
    first = _at_path(page.root, statements[0].path) if statements else None
    for block in [*page.head, *([first.lead] if first else [])]:
        for line in block:
            if line.startswith(_SCHEMA) and not page.schema:
                page.schema = line
                block.remove(line)
                break
    page.head = [block for block in page.head if block]


def _comments(gap: str, *, after_value: bool) -> tuple[str, list[list[str]], bool]:
    """The comments between two statements.

    Returns the comment on the line of the first, the blocks (separated by blank lines) below it,
    and whether the last block touches the second.
    """
    lines = [line.strip(" \t") for line in gap.split("\n")]
    lines.pop()  # the indentation of the second
    trail = lines.pop(0) if after_value and lines else ""
    blocks: list[list[str]] = []
    open_block = False
    for line in lines:
        if line and open_block:
            blocks[-1].append(line)
        elif line:
            blocks.append([line])
        open_block = bool(line)
    return trail, blocks, open_block


def _open(root: _Table, statement: Statement) -> _Table:
    """The table that a header begins."""
    if statement.kind == "tables":
        parent = _table(root, statement.path[:-2])
        array = parent.entries.setdefault(str(statement.path[-2]), _Array(header=True))
        assert isinstance(array, _Array)  # noqa: S101
        table = _Table(header=True)
        array.elements.append(table)
        return table
    table = _table(root, statement.path)
    table.header = True
    return table


def _put(root: _Table, statement: Statement, node: _Node) -> None:
    table = _table(root, statement.table)
    *dotted, name = statement.key.names
    for part in dotted:
        child = table.entries.setdefault(part, _Table(dotted=True))
        assert isinstance(child, _Table)  # noqa: S101
        table = child
    table.entries[name] = node


def _table(root: _Table, path: tuple[str | int, ...]) -> _Table:
    node: _Node = root
    for part in path:
        if isinstance(node, _Table):
            node = node.entries.setdefault(str(part), _Table())
        elif isinstance(node, _Array):
            node = node.elements[int(part)]
    assert isinstance(node, _Table)  # noqa: S101
    return node


def _at_path(root: _Table, path: tuple[str | int, ...]) -> _Node:
    node: _Node = root
    for part in path:
        if isinstance(node, _Table):
            node = node.entries[str(part)]
        elif isinstance(node, _Array):
            node = node.elements[int(part)]
    return node


def _value_node(text: str, value: Value, meant: Any) -> _Node:
    raw = text[value.start : value.end]
    if value.kind == "scalar":
        return _Leaf(raw=raw, value=meant)
    if value.kind == "array":
        return _array_node(text, value, meant)
    table = _Table(raw=raw)
    for key, child in value.children:
        assert key is not None  # noqa: S101
        *dotted, name = key.names
        inner = table
        for part in dotted:
            inner = inner.entries.setdefault(part, _Table(dotted=True))  # type: ignore[assignment]
        inner.entries[name] = _value_node(text, child, value_at(meant, key.names))
    return table


def _array_node(text: str, value: Value, meant: list[Any]) -> _Array:
    array = _Array(raw=text[value.start : value.end])
    at = value.start + 1
    for (_, child), element in zip(value.children, meant, strict=True):
        node = _value_node(text, child, element)
        trail, node.lead = _gap(text[at : child.start])
        _give(array, trail, node.lead)
        array.elements.append(node)
        at = child.end
    trail, array.tail = _gap(text[at : value.end - 1])
    _give(array, trail, array.tail)
    return array


def _gap(gap: str) -> tuple[str, list[str]]:
    """The comment on the line of an element, and those on the lines below it."""
    first, *rest = (
        line.strip(", \t") if "#" not in line else line.lstrip(", \t").rstrip(" \t")
        for line in gap.split("\n")
    )
    return first, [line for line in rest if line]


def _give(array: _Array, trail: str, following: list[str]) -> None:
    if trail and array.elements:
        array.elements[-1].trail = trail
    elif trail:
        following.insert(0, trail)


# Writing.


def _write_page(page: _Page, shape: Shape, schema: str) -> str:
    lines = [schema] if schema else []
    for block in page.head:
        lines += [*block, ""]
    body = _table_lines((), page.root, shape)
    if lines and not lines[-1] and not (body and body[0]):
        lines.pop()
    lines += body if lines else list(_without_first_blanks(body))
    for block in page.tail:
        lines += ["", *block]
    return "\n".join(lines) + "\n" if lines else ""


def _without_first_blanks(lines: list[str]) -> Iterator[str]:
    started = False
    for line in lines:
        started = started or bool(line)
        if started:
            yield line


def _table_lines(
    names: tuple[str, ...], table: _Table, shape: Shape | None, *, many: bool = False
) -> list[str]:
    """A table: its header after a blank line, its own lines, then the tables below it."""
    keys = shape.keys if shape else {}
    rank = shape.rank if shape else {}
    entries = sorted(table.entries.items(), key=lambda entry: rank.get(entry[0], len(rank)))
    below = [(key, node) for key, node in entries if _style(node, keys.get(key)) == "header"]
    own = [(key, node) for key, node in entries if _style(node, keys.get(key)) != "header"]
    lines: list[str] = []
    if names and (many or table.header or own or not below or table.comments()):
        brackets = "[[{}]]" if many else "[{}]"
        header = brackets.format(".".join(write_key(name) for name in names))
        lines += ["", *table.lead, _with_trail(header, table.trail)]
    for key, node in own:
        lines += _lines(write_key(key), node, keys.get(key))
    lines += table.tail
    for key, node in below:
        inner = keys.get(key)
        if isinstance(node, _Table):
            lines += _table_lines((*names, key), node, inner)
        elif isinstance(node, _Array):
            for element in _spread(node, inner):
                lines += _table_lines((*names, key), element, inner, many=True)
    return lines


def _spread(array: _Array, shape: Shape | None) -> list[_Table]:
    """The elements of an array that becomes `[[tables]]`, with the array's own comments."""
    elements = _sorted(array, shape)
    elements[0].lead = [*array.comments(), *elements[0].lead]
    tables = [element for element in elements if isinstance(element, _Table)]
    tables[-1].tail = [*tables[-1].tail, *array.tail]
    return tables


def _style(node: _Node, shape: Shape | None) -> str:
    """How a node is written: `header`, `line`, or `raw` where it is not what its shape says."""
    kind = shape.kind if shape else None
    if isinstance(node, _Leaf):
        return "line"
    if isinstance(node, _Table):
        if kind == "inline":
            return "line"
        return "header" if kind == "table" or _headed(node) else "raw"
    assert isinstance(node, _Array)  # noqa: S101
    if not node.elements:
        return "line"
    tables = all(isinstance(element, _Table) for element in node.elements)
    if tables and kind == "inline_tables":
        return "line"
    if tables and (kind == "tables" or node.header):
        return "header"
    scalars = not any(isinstance(element, _Table) for element in node.elements)
    return "line" if scalars and kind in ("value", "set") else "raw"


def _headed(node: _Node) -> bool:
    """Whether a part of the text that a node was read from has a header."""
    if isinstance(node, _Array):
        return node.header
    if isinstance(node, _Table):
        return node.header or any(_headed(child) for child in node.entries.values())
    return False


def _lines(key: str, node: _Node, shape: Shape | None) -> list[str]:
    """`key = value`, with its comments, on as many lines as it takes."""
    if isinstance(node, _Table) and node.dotted and _style(node, shape) == "raw":
        return [
            line
            for name, child in node.entries.items()
            for line in _lines(f"{key}.{write_key(name)}", child, None)
        ]
    lead = list(node.lead)
    if _style(node, shape) == "raw" and node.raw:
        text = node.raw
    elif isinstance(node, _Leaf):
        text = _literal(node, nested=False)
    elif isinstance(node, _Array) and _needs_lines(node, shape):
        text = "\n".join(_array_lines(node, shape))
    else:
        text = _one_line(node, shape, lead)
    return [*lead, *_with_trail(f"{key} = {text}", node.trail).split("\n")]


def _needs_lines(array: _Array, shape: Shape | None) -> bool:
    commented = bool(array.tail) or any(element.comments() for element in array.elements)
    return commented or bool(array.elements and shape and shape.kind == "inline_tables")


def _array_lines(array: _Array, shape: Shape | None) -> list[str]:
    lines = ["["]
    for element in _sorted(array, shape):
        lead = list(element.lead)
        text = _one_line(element, _element_shape(element, shape), lead)
        lines += [f"  {line}" for line in (*lead, _with_trail(f"{text},", element.trail))]
    return [*lines, *(f"  {line}" for line in array.tail), "]"]


def _one_line(node: _Node, shape: Shape | None, comments: list[str]) -> str:
    """A value on one line; the comments inside it, which cannot stay there, are added to `comments`."""
    if isinstance(node, _Leaf):
        return _literal(node, nested=True)
    parts = []
    if isinstance(node, _Table):
        keys = shape.keys if shape else {}
        rank = shape.rank if shape else {}
        for key, child in sorted(node.entries.items(), key=lambda entry: rank.get(entry[0], len(rank))):
            comments += child.comments()
            parts.append(f"{write_key(key)} = {_one_line(child, keys.get(key), comments)}")
        comments += node.tail
        return f"{{ {', '.join(parts)} }}" if parts else "{}"
    assert isinstance(node, _Array)  # noqa: S101
    for element in _sorted(node, shape):
        comments += element.comments()
        parts.append(_one_line(element, _element_shape(element, shape), comments))
    comments += node.tail
    return f"[{', '.join(parts)}]"


def _element_shape(element: _Node, shape: Shape | None) -> Shape | None:
    """The shape of a list is that of its tables; a list in a list has none."""
    return shape if isinstance(element, _Table) else None


def _with_trail(text: str, trail: str) -> str:
    return f"{text} {trail}" if trail else text


def _sorted(array: _Array, shape: Shape | None) -> list[_Node]:
    """The elements in canonical order; as they are where there is none, or where one does not fit."""
    elements = array.elements
    if shape is None:
        return elements
    if shape.kind == "set":
        words = [element.value for element in elements if isinstance(element, _Leaf)]
        if len(words) == len(elements) and all(isinstance(word, str) for word in words):
            return sorted(elements, key=lambda element: element.value)  # type: ignore[attr-defined]
    elif shape.sort and all(isinstance(element, _Table) for element in elements):
        return sorted(elements, key=lambda element: _rank(element, shape.sort))
    return elements


def _rank(element: _Node, keys: tuple[str, ...]) -> list[tuple[int, str]]:
    assert isinstance(element, _Table)  # noqa: S101
    found = (element.entries.get(key) for key in keys)
    return [(0, str(node.value)) if isinstance(node, _Leaf) else (1, "") for node in found]


def _literal(leaf: _Leaf, *, nested: bool) -> str:
    """A scalar as written, or as the layout has it: double quotes, digits in groups."""
    value, raw = leaf.value, leaf.raw
    if isinstance(value, str):
        if raw.startswith('"""'):
            return raw if "\n" in value and not nested else _quote(value)
        if raw.startswith('"'):
            return raw
        return _quote(value) if nested or "\n" not in value else _quote_lines(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _grouped(raw or str(value))
    return raw or _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | float):
        return str(value).replace("Infinity", "inf").replace("NaN", "nan")
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    raise TypeError(f"TOML has no {type(value).__name__}")


def _grouped(literal: str) -> str:
    """A decimal integer of five digits or more, in groups of three."""
    match = _INTEGER.fullmatch(literal)
    if not match:
        return literal
    digits = match[2].replace("_", "")
    if len(digits) < 5:
        return literal
    return match[1] + f"{int(digits):_}"


def _quote(value: str) -> str:
    if value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return f'"{"".join(map(_escape, value))}"'


def _quote_lines(value: str) -> str:
    lines = "".join(character if character in '\n"' else _escape(character) for character in value)
    lines = lines.replace('"""', '""\\"')
    return f'"""\n{lines[:-1]}\\""""' if lines.endswith('"') else f'"""\n{lines}"""'


def _escape(character: str) -> str:
    """A character as it stands in a string: what does not show is written as its number."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character) in _INVISIBLE:
        number = ord(character)
        return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"
    return character
