"""Archives with any number of files, in parts: the list of 100,000 files alone takes 60 MB when read at once.

The places are those of PKWARE's .ZIP File Format Specification (APPNOTE.TXT), 4.3.12 to 4.3.16.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO, cast

FILES = 500
"""Of one part."""
_END = struct.Struct("<4s4H2LH")
_LARGE_END = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = 20
"""Bytes between the two end records of an archive with many files."""
_MANY = 0xFFFF
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LONGEST = _END.size + 0xFFFF + _LOCATOR + _LARGE_END.size
"""Bytes from the end of an archive within which its end record begins."""


def parts(file: BinaryIO) -> Iterator[BinaryIO]:
    """The archive as several with the same data, each with the next files of its list.

    What has another structure than almost all archives (more than 4 GiB, several disks, a list with something
    else in it) comes whole, as it is: `zipfile` knows best.
    """
    found = _list(file)
    if found is None:
        file.seek(0)
        yield file
        return
    start, end, shift = found
    at = start
    while at < end:
        count, following = _next(file, at, end)
        file.seek(at)
        listed = file.read(following - at)
        record = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(listed), start - shift, 0)
        yield cast(BinaryIO, _Part(file, start, listed + record))
        at = following


def _list(file: BinaryIO) -> tuple[int, int, int] | None:
    """Where the list of files begins and ends, and how far the archive begins within the file."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - _LONGEST, 0))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or place + _END.size > len(tail):
        return None
    _, disk, first, here, count, length, offset, _ = _END.unpack_from(tail, place)
    end = size - len(tail) + place
    if count == _MANY:
        large = place - _LOCATOR - _LARGE_END.size
        if large < 0 or tail[large : large + 4] != b"PK\x06\x06":
            return None
        *_, disk, first, here, count, length, offset = _LARGE_END.unpack_from(tail, large)
        end = size - len(tail) + large
    start = end - length
    if disk or first or here != count or count <= FILES or start < offset or end > 0xFFFF_FFFF:
        return None
    at, seen = start, 0
    while at < end:
        number, at = _next(file, at, end)
        if not number:
            return None
        seen += number
    return (start, end, start - offset) if seen == count else None


def _next(file: BinaryIO, at: int, end: int) -> tuple[int, int]:
    """How many files the part has that begins at a place of the list, and where the next begins."""
    file.seek(at)
    held = file.read(min(FILES * 1024, end - at))
    count, place = 0, 0
    while count < FILES and place + _ENTRY.size <= len(held):
        entry = _ENTRY.unpack_from(held, place)
        size = _ENTRY.size + sum(entry[10:13])
        if entry[0] != b"PK\x01\x02" or place + size > len(held):
            break
        count, place = count + 1, place + size
    return count, at + place


class _Part(io.RawIOBase):
    """A file up to a place, and other bytes from there on."""

    def __init__(self, file: BinaryIO, until: int, rest: bytes) -> None:
        self._file, self._until, self._rest, self._at = file, until, rest, 0

    def seekable(self) -> bool:
        """Always."""
        return True

    def readable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The place."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        end = self._until + len(self._rest)
        self._at = max(offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: end}[whence], 0)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Bytes from here on; all where no size is given."""
        end = self._until + len(self._rest)
        stop = end if size is None or size < 0 else min(self._at + size, end)
        data = b""
        if self._at < min(stop, self._until):
            self._file.seek(self._at)
            data = self._file.read(min(stop, self._until) - self._at)
        if stop > self._until:
            data += self._rest[max(self._at - self._until, 0) : stop - self._until]
        self._at += len(data)
        return data
