"""Registry files of any kind as drafts: the kind is told from the content, each entry stands alone.

What cannot be read is an `Unreadable` with its place, and the others come in. Nothing is ever unpacked onto
the disk; of an archive one entry is in memory at a time.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any, BinaryIO

from alscli.registries import ctgov, ctgov_csv, ctgov_legacy
from alscli.registries.archive import parts
from alscli.registries.draft import Draft, Unreadable

Read = Iterator[Draft | Unreadable]

MAX_ENTRY = 16 << 20
"""Bytes or characters of one entry. The largest of 550,000 studies, with posted results, has about 8 MiB."""
MAX_MEMBER = 256 << 20
"""Bytes of one file of an archive, or of one file that can only be read whole (XML, XLSX, text)."""
MAX_RATIO = 200
"""How much larger a large file of an archive may be than what is packed; text packs up to about 30 times."""
_LARGE = 8 << 20
_CHUNK = 1 << 18
_HEAD = 1 << 16
_OTHERS = ("ctis", "euctr", "isrctn", "ictrp", "who_format")
"""The readers of the other registries, in the order in which they are asked."""


def read(source: Path | bytes, name: str | None = None) -> Read:
    """The drafts of a file, or of bytes called `name`.

    Raises OSError where the file cannot be opened. An entry that no reader knows, or that is broken, comes as
    `Unreadable`.
    """
    if isinstance(source, bytes):
        yield from _file(io.BytesIO(source), name or "input")
        return
    with source.open("rb") as file:
        yield from _file(file, name or source.name)


def _file(file: BinaryIO, name: str) -> Read:
    head = file.read(_HEAD)
    file.seek(0)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        yield from _archive(file, name)
    elif len(head) >= 2 and head[:2] == b"\x1f\x8b":
        yield Unreadable(name, "is packed with gzip: unpack it first")
    else:
        yield from _plain(file, head, name)


# -- archives -----------------------------------------------------------------------------------------


def _archive(file: BinaryIO, name: str) -> Read:
    number = 0
    for part in parts(file):
        try:
            archive = zipfile.ZipFile(part)
        except (zipfile.BadZipFile, zlib.error, ValueError, OSError, NotImplementedError) as error:
            yield Unreadable(name, f"is a broken archive ({error}): download it again")
            return
        with archive:
            members = archive.infolist()
            if not number and any(member.filename in _WORKBOOK for member in members[:50]):
                yield from _whole(file, name, "a workbook")
                return
            for member in members:
                number += 1
                if not member.is_dir():
                    yield from _member(archive, member, name)
    if not number:
        yield Unreadable(name, "is an empty archive")


_WORKBOOK = ("xl/workbook.xml", "[Content_Types].xml")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Read:
    place = f"{name}: {_safe(member.filename)}"
    if (why := _refusal(member)) is not None:
        yield Unreadable(place, why)
        return
    base = PurePosixPath(member.filename).name
    if base.startswith(".") or member.filename.startswith("__MACOSX/"):
        return
    try:
        with archive.open(member) as packed:
            data = packed.read(member.file_size + 1 if member.file_size <= MAX_ENTRY else _HEAD)
            if member.file_size > MAX_ENTRY:
                packed.seek(0)
                yield from _plain(_Capped(packed), data, place)
                return
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        yield Unreadable(place, f"cannot be unpacked ({error}): download the archive again")
        return
    except RuntimeError as error:  # a password
        yield Unreadable(place, f"cannot be unpacked: {error}")
        return
    if data[:4] == b"PK\x03\x04":
        yield Unreadable(place, "is an archive within an archive: unpack it first")
        return
    yield from _plain(io.BytesIO(data), data[:_HEAD], place)


def _refusal(member: zipfile.ZipInfo) -> str | None:
    """Why a file of an archive is not even unpacked."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", member.filename):
        return "its name leads out of the archive: not read"
    if member.flag_bits & 1:
        return "is encrypted: not read"
    if member.file_size > MAX_MEMBER:
        return f"would unpack to {member.file_size >> 20} MiB: not read"
    if member.file_size > _LARGE and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return f"would unpack to {member.file_size // max(member.compress_size, 1)} times its size: not read"
    return None


class _Capped(io.RawIOBase):
    """A file of an archive, of which no more is read than it declared."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = MAX_MEMBER

    def read(self, size: int = -1) -> bytes:
        """Bytes, none beyond the cap."""
        wanted = self._left if size < 0 else min(size, self._left)
        data: bytes = self._file.read(wanted)
        self._left -= len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Back to the beginning, which is all that is needed."""
        self._left = MAX_MEMBER
        return int(self._file.seek(offset, whence))


def _safe(name: str) -> str:
    return name.encode("utf-8", "replace").decode().replace("\x00", "") or "a file without a name"


# -- kinds --------------------------------------------------------------------------------------------


def _plain(file: Any, head: bytes, name: str) -> Read:
    start = _without_mark(head).lstrip()
    if not start.strip(b"\x00"):
        yield Unreadable(name, "holds nothing but zeros" if b"\x00" in head else "is empty")
    elif start[:1] in (b"{", b"["):
        yield from _json(file, head, name)
    elif _is_html(start):
        title = re.search(rb"<title[^>]*>([^<]{1,200})", head, re.IGNORECASE)
        what = f" ({' '.join(title[1].decode('utf-8', 'replace').split())!r})" if title else ""
        yield Unreadable(name, f"is a web page{what}, not data: the download went wrong, try it again")
    elif ctgov_csv.is_mine(_without_mark(head)):
        yield from ctgov_csv.rows(_lines(file, _decoder(head)), name)
    else:
        yield from _whole(file, name, _what(start))


def _without_mark(head: bytes) -> bytes:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if head.startswith(mark):
            return head[: len(head) & ~1].decode(encoding, "replace").encode("utf-8", "replace")
    return head.removeprefix(codecs.BOM_UTF8)


def _is_html(start: bytes) -> bool:
    first = start[:2000].lower()
    return first.startswith((b"<!doctype html", b"<html")) or (first.startswith(b"<") and b"<html" in first)


def _what(start: bytes) -> str:
    if start[:5] == b"%PDF-":
        return "a PDF"
    if root := re.match(
        rb"(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>|\s)*<([\w:.-]{1,80})", start, re.DOTALL
    ):
        return f"XML with the root element {root[1].decode('utf-8', 'replace')}"
    if b"\x00" in start[:1000]:
        return "a binary file"
    first = start.split(b"\n", 1)[0][:60].decode("utf-8", "replace").strip()
    return f"text that begins with {first!r}"


def _other_readers() -> Iterator[ModuleType]:
    for name in _OTHERS:
        yield import_module(f"alscli.registries.{name}")


def _whole(file: Any, name: str, what: str) -> Read:
    """A file of a kind that is read at once, by the registry's reader that knows it."""
    file.seek(0)
    data = file.read(MAX_MEMBER + 1)
    if len(data) > MAX_MEMBER:
        yield Unreadable(name, f"is larger than {MAX_MEMBER >> 20} MiB: download it in parts")
        return
    for reader in _other_readers():
        if reader.is_mine(data[:_HEAD]):
            yield from _named(reader.drafts(data), name)
            return
    yield Unreadable(name, f"is {what}: no registry's format known here")


def _named(drafts: Read, name: str) -> Read:
    """The same, an entry that cannot be read named with the file it stands in."""
    for each in drafts:
        if isinstance(each, Unreadable) and not each.source.startswith(name):
            yield Unreadable(f"{name}: {each.source}" if each.source else name, each.why)
        else:
            yield each


def _decoder(head: bytes) -> codecs.IncrementalDecoder:
    """What decodes a file that begins so: UTF-16 by its mark, else UTF-8; what is none is mended later."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return codecs.getincrementaldecoder("utf-16")("replace")
    return codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")


def _lines(file: Any, decoder: codecs.IncrementalDecoder) -> Iterator[str]:
    """The lines of a text file with their ends; bytes that are no UTF-8 are read as Windows-1252."""
    rest = ""
    while chunk := file.read(_CHUNK):
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            yield _mended(line) + "\n"
        if len(rest) > ctgov_csv.MAX_FIELD * 2:
            yield _mended(rest[: ctgov_csv.MAX_FIELD])
            rest = ""
    if rest:
        yield _mended(rest)


_CP1252 = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", "replace").replace("\ufffd", "?")
    for byte in range(0x80, 0x100)
}


def _mended(text: str) -> str:
    try:
        text.encode()  # which takes a tenth of the time of looking for what cannot be encoded
    except UnicodeEncodeError:
        return text.translate(_CP1252)
    return text


# -- JSON ---------------------------------------------------------------------------------------------

_STUDIES = re.compile(
    r'\s*\{(?:\s*"(?:totalCount|nextPageToken)"\s*:\s*(?:"[^"]{0,2000}"|\d+|null)\s*,)*\s*"studies"\s*:\s*\['
)
_FULL_STUDIES = re.compile(
    r'\s*\{\s*"FullStudiesResponse"\s*:\s*\{(?:\s*"\w+"\s*:\s*(?:"[^"]{0,2000}"|-?\d+|null)\s*,)*\s*"FullStudies"\s*:\s*\['
)
_GAP = re.compile(r"[\s,\x00\x1e]*")
_DEEP = 200


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse_constant)


def _json(file: Any, head: bytes, name: str) -> Read:
    """The entries of JSON of any frame: one study, a page, a list, a line each."""
    text = _Text(file, _decoder(head))
    text.more()
    framed = False
    for frame in (_STUDIES, _FULL_STUDIES):
        if match := frame.match(text.buffer):
            text.drop(match.end())
            framed = True
    if not framed and (match := re.match(r"\s*\[", text.buffer)):
        text.drop(match.end())
        framed = True
    yield from _entries(text, name, framed)


class _Text:
    """A file as text of which a piece is in memory; `buffer` begins where nothing is read yet."""

    def __init__(self, file: Any, decoder: codecs.IncrementalDecoder) -> None:
        self._file = file
        self._decoder = decoder
        self.buffer = ""
        self.ended = False

    def more(self, size: int = _CHUNK) -> bool:
        """Read on; False at the end of the file."""
        if self.ended:
            return False
        chunk = self._file.read(size)
        self.ended = not chunk
        self.buffer += self._decoder.decode(chunk, final=self.ended)
        return not self.ended

    def drop(self, count: int) -> None:
        """Forget what is read."""
        self.buffer = self.buffer[count:]


def _entries(text: _Text, name: str, framed: bool) -> Read:
    number, closed = 0, False
    first_key: str | None = None
    at = 0
    while True:
        gap = _GAP.match(text.buffer, at)
        at = gap.end() if gap else at
        if at >= len(text.buffer):
            text.drop(at)
            at = 0
            if text.more():
                continue
            break
        if text.buffer[at] == "]" and framed:
            closed = True
            break
        number += 1
        place = f"{name}: entry {number}" if framed or number > 1 else name
        text.drop(at)
        found, at, why = _next_value(text)
        if why is None:
            if first_key is None and isinstance(found, dict):
                first_key = next(iter(found), None)
            yield from _value(found, place)
            continue
        yield Unreadable(place, why)
        after = _resume(text, first_key, framed)
        if after is None:
            return
        at = after
    if framed and not closed:
        yield Unreadable(
            name, f"the list is not closed after entry {number}: the file is cut, download it again"
        )


_TOO_LARGE = f"is larger than {MAX_ENTRY >> 20} MiB, which no entry of a registry is: not read"


def _next_value(text: _Text) -> tuple[Any, int, str | None]:
    """The value at the beginning of the buffer, where it ends, or why there is none."""
    while True:
        try:
            found, end = _DECODER.raw_decode(_mended(text.buffer))
        except RecursionError:
            return None, 0, "is nested too deeply"
        except json.JSONDecodeError as error:
            near_end = error.pos >= len(text.buffer) - 10 or "Unterminated" in error.msg
            if near_end and len(text.buffer) > MAX_ENTRY:
                return None, 0, _TOO_LARGE
            if near_end and not text.ended:
                text.more(max(_CHUNK, len(text.buffer)))
                continue
            if near_end:
                return None, 0, "ends in the middle: the file is cut, download it again"
            return None, 0, f"is no JSON: {error.msg} at character {error.pos}"
        except ValueError as error:
            return None, 0, f"is no JSON: {error}"
        else:
            return (None, 0, _TOO_LARGE) if end > MAX_ENTRY else (found, end, None)


def _resume(text: _Text, first_key: str | None, framed: bool) -> int | None:
    """Where the next entry begins after a broken one; None where the file holds none."""
    key = re.escape(first_key) if first_key else r"(?:protocolSection|Rank|Study|NCTId|trialId)"
    start = re.compile(rf'(?:,|\n)\s*(?=\{{\s*"{key}")' if framed else r"\n\s*(?=\{)")
    skip = 1
    while True:
        if match := start.search(text.buffer, skip):
            return match.end()
        text.drop(max(len(text.buffer) - 200, 0))
        skip = 0
        if not text.more():
            return None


def _value(found: Any, place: str) -> Read:
    """What one JSON value says: a study of any shape, or several."""
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else "a single value"
        yield Unreadable(place, f"is {kind}, not the entry of a registry")
        return
    try:
        yield from _entry(found, place)
    except RecursionError:
        yield Unreadable(place, "is nested too deeply")


def _entry(found: dict[str, Any], place: str) -> Read:
    if ctgov.is_study(found):
        yield ctgov.draft(found, place)
    elif ctgov_legacy.is_study(found):
        yield ctgov_legacy.draft(found, place)
    elif ctgov_csv.ID in found:
        yield ctgov_csv.draft(found, place)
    elif isinstance(studies := found.get("studies"), list):
        for number, study in enumerate(studies, start=1):
            yield from _value(study, f"{place}: entry {number}")
    else:
        data = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
        for reader in _other_readers():
            if reader.is_mine(data[:_HEAD]):
                yield from _named(reader.drafts(data), place)
                return
        yield Unreadable(place, _unknown(found))


def _unknown(found: dict[str, Any]) -> str:
    for key in ("error", "message", "errors", "detail"):
        if found.get(key) and len(found) <= 6:
            return f"is an error message, not data: {str(found[key])[:200]}"
    keys = ", ".join(sorted(map(str, found))[:4])
    return f"is no entry of a registry known here (its keys: {keys or 'none'})"
