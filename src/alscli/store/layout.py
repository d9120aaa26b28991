"""The one layout of a record's text: order of keys, style of each list, comments where they stood."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from alscli.errors import AlscliError
from alscli.model.path import value_at
from alscli.model.shape import Shape
from alscli.store.canonical import dump, quote, quote_lines, scalar, write_key
from alscli.store.spans import read
from alscli.store.toml import MAX_BYTES, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alscli.store.spans import Statement, Value

_INTEGER = re.compile(r"([+-]?)([0-9][0-9_]*)")
_SCHEMA = "#:schema"
_SHIPPED = re.compile(r"#:schema (?:\.\./)?(?:trial|product|ledger)\.schema\.json")


def lay_out(text: str, shape: Shape, schema_comment: str = "") -> str:
    """Return `text`, valid TOML, in canonical layout; a text that is in it already comes back as it is.

    A first line `#:schema …` is kept, unless it names the schema of another kind of record; where there is
    none, `schema_comment` becomes it. Raises `TomlError` where `text` is not TOML, AlscliError where the
    result would be larger than a record may be.
    """
    document = parse(text.encode())
    if text == dump(document.values, shape, schema_comment):
        return text
    page = _page(document.text.replace("\r\n", "\n"), document.values)
    own = page.schema if not schema_comment or _SHIPPED.fullmatch(page.schema) is None else ""
    result = _write_page(page, shape, own or schema_comment)
    if len(result.encode()) > MAX_BYTES:
        raise AlscliError(
            "in canonical layout the file would be larger than 1 MiB; nothing was done",
            "a record holds one study: split it, or take out what is not its own",
        )
    if result != text and meaning(parse(result.encode()).values, shape) != meaning(document.values, shape):
        raise AlscliError(
            "the canonical layout would change what this file means; nothing was done",
            "this is a mistake in alscli: please report it, with the file",
        )
    return result


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
    """A scalar as written, or as the layout has it: double quotes, no needless escapes, digits in groups."""
    value, raw = leaf.value, leaf.raw
    if isinstance(value, str):
        if raw.startswith('"""'):
            return raw if "\n" in value and not nested else quote(value)
        if raw.startswith('"'):
            return quote(value) if "\\" in raw and value.isprintable() else raw
        return quote(value) if nested or "\n" not in value else quote_lines(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _grouped(raw or str(value))
    return raw or scalar(value)


def _grouped(literal: str) -> str:
    """A decimal integer of five digits or more, in groups of three."""
    match = _INTEGER.fullmatch(literal)
    if not match:
        return literal
    digits = match[2].replace("_", "")
    if len(digits) < 5:
        return literal
    return match[1] + f"{int(digits):_}"
