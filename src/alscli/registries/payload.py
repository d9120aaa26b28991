"""From the bytes of a file to its entries: encodings, XML without entities, cut JSON, contacts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alscli.registries.draft import Unreadable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element  # nosec: a type only

MAX_ENTRY = 1 << 20
"""Characters of one entry of XML, CSV or text; the largest seen has about 100,000."""
_MAX_TEXT = 60_000
"""Characters of one field that are read; the copy keeps all of them."""
TOO_LARGE = f"is larger than {MAX_ENTRY:,} characters, which no entry of a registry is: not read"
Tree = dict[str, Any]
"""An entry as JSON; an element of XML is the table of its children, with `@name` and `#text`."""

_DEEPEST = 60
"""Levels of nesting; registries use at most a dozen."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a payload. `number` counts from 1; `remark` says what was mended to read it."""

    number: int
    tree: Tree
    remark: str | None = None


# -- bytes to text ----------------------------------------------------------------------------------

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHINESE = frozenset({"gbk", "gb2312", "gb18030", "hz-gb-2312"})
# XML allows none of these, and they mean nothing in CSV or JSON either.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def decode(data: bytes) -> tuple[str, str | None]:
    """The text of a payload, and what is odd about its encoding.

    UTF-8 wherever it fits, whatever the file declares: no other text looks like it by chance. Else what
    is declared (ISO-8859-1 means Windows-1252, as in browsers), else GB 18030 where the bytes come in
    pairs as Chinese does, else Windows-1252. Control characters and NULs are dropped.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _clean(data[len(mark) :] if encoding == "utf-8" else data, encoding, None)
    found = _DECLARED.match(data[:400])
    declared = found[1].decode("ascii").casefold() if found else ""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        encoding = _encoding(data, declared)
        wrong = declared in ("", "utf-8", "utf8")
        remark = f"not UTF-8 at byte {error.start}: read as {encoding}" if wrong else None
        return _clean(data, encoding, remark)
    return _tidy(text, None)


def _encoding(data: bytes, declared: str) -> str:
    if declared in _CHINESE:
        return "gb18030"
    if declared not in ("", "utf-8", "utf8", "iso-8859-1", "latin1", "latin-1", "us-ascii"):
        try:
            data[:100].decode(declared, "replace")
        except (LookupError, UnicodeError):
            return "cp1252"
        return declared
    high = sum(map(len, re.findall(rb"[\x80-\xff]+", data)))
    paired = sum(map(len, re.findall(rb"(?:[\xa1-\xf7][\xa1-\xfe]){2,}", data)))
    return "gb18030" if paired * 10 > high * 8 else "cp1252"


def _clean(data: bytes, encoding: str, remark: str | None) -> tuple[str, str | None]:
    return _tidy(data.decode(encoding, "replace"), remark)


def _tidy(text: str, remark: str | None) -> tuple[str, str | None]:
    tidy, dropped = _CONTROLS.subn("", text.removeprefix("\ufeff"))
    return tidy, remark or ("control characters dropped" if dropped else None)


# -- XML --------------------------------------------------------------------------------------------


def xml_entries(data: bytes, tags: tuple[str, ...]) -> Iterator[Entry | Unreadable]:
    """Every element of one of these names as an entry, each parsed alone: a broken one spoils no other.

    A document that declares entities is refused whole: registries never do, and they are how XML
    reads files and fills memory.
    """
    text, remark = decode(data)
    if "<!ENTITY" in text[:10_000].upper():
        yield Unreadable("file", "declares XML entities, which no registry does; not read")
        return
    opening = re.compile(rf"<({'|'.join(tags)})(?=[\s>])")
    position, number = 0, 0
    unclosed: set[str] = set()
    while start := opening.search(text, position):
        number += 1
        closing = f"</{start[1]}>"
        end = -1 if closing in unclosed else text.find(closing, start.end())
        if end < 0:
            unclosed.add(closing)
        following = opening.search(text, start.end())
        if end < 0 or (following and following.start() < end):
            yield Unreadable(
                _name(number, text[start.start() : start.start() + 2000]), "is cut: its end is missing"
            )
            if following is None:
                return
            position = following.start()
            continue
        position = end + len(closing)
        if position - start.start() > MAX_ENTRY:
            yield Unreadable(_name(number, text[start.start() : start.start() + 2000]), TOO_LARGE)
            continue
        yield _parsed(number, text[start.start() : position], remark)
    if number == 0:
        yield Unreadable("file", f"holds no <{tags[0]}>")


def _name(number: int, chunk: str) -> str:
    """The entry in words: its number, and what looks like its id."""
    found = re.search(r"<(?:TrialID|trial_id|isrctn)[^>]{0,80}>\s*([^<\s]{4,40})", chunk)
    return f"entry {number} ({found[1]})" if found else f"entry {number}"


def _parsed(number: int, chunk: str, remark: str | None) -> Entry | Unreadable:
    from xml.etree.ElementTree import ParseError  # nosec: an exception only

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        element = fromstring(chunk)
    except DefusedXmlException as error:
        return Unreadable(_name(number, chunk), f"refused: {error}")
    except ParseError as error:
        try:
            element = fromstring(_mended(chunk))
        except (ParseError, DefusedXmlException):
            return Unreadable(_name(number, chunk), f"not valid XML: {error}")
        remark = remark or "stray & or HTML entities in XML mended"
    tree = _tree(element, 0)
    if tree is None:
        return Unreadable(_name(number, chunk), f"nested deeper than {_DEEPEST} levels")
    return Entry(number, tree if isinstance(tree, dict) else {"#text": tree}, remark)


_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});|([A-Za-z]{2,20};)|)")


def _mended(chunk: str) -> str:
    """Bare ampersands escaped, HTML's named characters as themselves."""

    def mend(match: re.Match[str]) -> str:
        if match[1]:
            return match[0]
        named = html.unescape(match[0]) if match[2] else "&"
        return "&amp;" + match[0][1:] if named.startswith("&") else named

    return _REFERENCE.sub(mend, chunk)


def _tree(element: Element, depth: int) -> Tree | str | None:
    """An element as JSON; None where it is nested too deep."""
    if depth > _DEEPEST:
        return None
    tree: Tree = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        value = _tree(child, depth + 1)
        if value is None:
            return None
        name = _local(child.tag)
        if name not in tree:
            tree[name] = value
        elif isinstance(tree[name], list):
            tree[name].append(value)
        else:
            tree[name] = [tree[name], value]
    text = (element.text or "").strip()
    if not tree:
        return text
    if text:
        tree["#text"] = text
    return tree


def _local(name: str) -> str:
    return name.rpartition("}")[2]


# -- JSON -------------------------------------------------------------------------------------------


def json_entries(data: bytes) -> Iterator[Entry | Unreadable]:
    """The one object of a JSON text: `reading` parts those that hold several."""
    text, remark = decode(data)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Unreadable("file", f"not valid JSON: {_fault(error)}")
        return
    yield Entry(1, value, remark) if isinstance(value, dict) else Unreadable("file", "is no object")


def _fault(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} in line {error.lineno}, column {error.colno}"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


# -- what of an entry is read -----------------------------------------------------------------------

_TAGS = re.compile(
    r"</?(?:p|div|li|ul|ol|tr|td|table|tbody|h[1-6])(?:\s[^<>]{0,200})?/?>|<br\s*/?>", re.IGNORECASE
)
_INLINE = re.compile(r"</?(?:b|i|u|em|strong|sup|sub|span|font|small|a)(?:\s[^<>]{0,200})?/?>", re.IGNORECASE)
_NOTHING = frozenset({"", "null", "[]", "{}", "<new>"})


def plain_text(value: object) -> str:
    """A value as text: HTML's line breaks as line ends, its other tags and its entities resolved.

    Entities are resolved twice: ICTRP escapes them twice. Lines are stripped, empty ones dropped.
    """
    if isinstance(value, dict):
        value = value.get("#text", "")
    if value is None or isinstance(value, (list, dict)):
        return ""
    text = str(value)[:_MAX_TEXT]
    if "&" in text:
        text = html.unescape(html.unescape(text))
    if "<" in text:
        text = _INLINE.sub("", _TAGS.sub("\n", text))
    lines = (" ".join(line.split()) for line in re.split(r"[\r\n\x85\u2028]+", text))
    joined = "\n".join(line for line in lines if line)
    return "" if joined.casefold() in _NOTHING else joined


def at(tree: object, path: str) -> Any:
    """What stands at a dotted path; None where it ends before."""
    for name in path.split("."):
        if not isinstance(tree, dict):
            return None
        tree = tree.get(name)
    return tree


def several(tree: object, path: str) -> list[Any]:
    """What stands at a path as a list: nothing, one or many; a list on the way is gone through."""
    found = [tree]
    for name in path.split("."):
        below = [each.get(name) for each in found if isinstance(each, dict)]
        found = [each for value in below for each in (value if isinstance(value, list) else [value])]
    return [each for each in found if each not in (None, "", {}, [])]


# -- contacts ---------------------------------------------------------------------------------------

_CONTACT = re.compile(
    r"contact|e[-_]?mail|phone|^fax|personinfo|^(?:first|last|middle|fore|sur)_?name$|^orcid$", re.IGNORECASE
)
_MAIL = re.compile(r"[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_IMPORTED = ("ctrname", "record_last_import")
"""Keys that the R package ctrdata adds to what a registry gave."""


def without_contacts(tree: Any) -> Any:
    """The tree without names, e-mails and telephone numbers of contacts, as copies are kept."""
    if isinstance(tree, dict):
        return {
            key: without_contacts(value)
            for key, value in tree.items()
            if not _CONTACT.search(key) and key not in _IMPORTED
        }
    if isinstance(tree, list):
        return [without_contacts(item) for item in tree]
    return without_addresses(tree) if isinstance(tree, str) else tree


def without_addresses(text: str) -> str:
    """The text without e-mail addresses."""
    return _MAIL.sub("[e-mail]", text) if "@" in text else text
