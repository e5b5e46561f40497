"""A zip of parts, read without trust and written in one step.

Whatever a zip from elsewhere says of itself is checked before a byte of it is unpacked: names that lead out of it,
links, duplicates, and parts that unpack to more than can be. A part whose bytes are damaged says so when it is read,
alone; the others are read all the same, even where the list of parts at the end of the file is gone.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine.errors import BadFile, Message
from engine.files import PathLike, atomic_write, cannot, open_regular

MOST_PARTS = 10_000
MOST_BYTES = 3 << 30
"""Of a file, and of all its parts together: offsets of plain zips end at 4 GiB."""
MOST_UNPACKED = 64 << 20
"""Of a part that is compressed: only text is; pictures are compressed in their own way and stand as they are."""
MOST_NAME = 200

_STORED, _DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_LOCAL = struct.Struct("<4s5H3L2H")  # signature, version, flags, method, time, date, crc, packed, size, name, extra
_LOCAL_SIGNATURE = b"PK\x03\x04"
_END = struct.Struct("<4s4H2LH")  # signature, disk, its start, parts here, parts, bytes of the list, its place, comment
_END_SIGNATURE = b"PK\x05\x06"
_ENCRYPTED, _SIZES_LATER = 0x1, 0x8
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_TEXT = (".json",)
_NAMED_BY_CONTENT = ("parts/", "pictures/")
"""What these hold never changes under one name; every other part is the newest of its name alone."""
_NO_LIST = (zipfile.BadZipFile, struct.error, ValueError, LookupError, ArithmeticError, EOFError, NotImplementedError)
"""What `zipfile` raises for a list of parts that makes no sense."""


@dataclass(frozen=True)
class _Entry:
    """Where a part stands: offset of its header, bytes there and unpacked, and the CRC-32 of those."""

    name: str
    method: int
    offset: int
    packed: int
    size: int
    crc: int


class Archive:
    """The parts of a zip by name. `salvaged`: its list of parts is gone, and the parts were looked for one by one."""

    def __init__(self, file: BinaryIO, path: PathLike) -> None:
        """Raises BadFile: no zip, or one that no program of good will writes."""
        self._file, self._path = file, path
        self.salvaged = False
        size = file.seek(0, 2)
        if size > MOST_BYTES:
            raise self._refused(Message("it has more than {0} bytes", f"{MOST_BYTES:,}"))
        try:
            entries = self._listed(size)
        except (*_NO_LIST, OSError):
            entries = list(self._looked_for(size))
            self.salvaged = True
        self._check(entries, size)
        self._entries = {entry.name: entry for entry in entries}
        if not self._entries:
            raise BadFile('"{0}" is no document of Tessera, or too damaged for any part of it to be read.', path)

    @property
    def names(self) -> frozenset[str]:
        """Of all parts."""
        return frozenset(self._entries)

    def read(self, name: str) -> bytes:
        """The bytes of a part. Raises BadFile: there is no such part, or it is damaged."""
        entry = self._entries.get(name)
        if entry is None:
            raise BadFile('The part "{0}" of "{1}" is missing.', name, self._path)
        try:
            self._file.seek(entry.offset)
            header = _LOCAL.unpack(self._file.read(_LOCAL.size))
            self._file.seek(header[-2] + header[-1], 1)
            content = self._file.read(entry.packed)
        except OSError as error:
            raise cannot("read", self._path, error) from error
        except struct.error:
            content = b""
        if entry.method == _DEFLATED:
            decoder = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                content = decoder.decompress(content, entry.size + 1)
            except zlib.error:
                content = b""
        if len(content) != entry.size or zlib.crc32(content) != entry.crc:
            raise BadFile('The part "{0}" of "{1}" is damaged.', name, self._path)
        return content

    # ------------------------------------------------------------ inside

    def _listed(self, size: int) -> list[_Entry]:
        """What the list at the end of the file says. Raises BadZipFile where there is none."""
        tail_bytes = min(size, _END.size + (1 << 16))
        self._file.seek(size - tail_bytes)
        tail = self._file.read(tail_bytes)
        position = tail.rfind(_END_SIGNATURE)
        if position < 0:
            raise zipfile.BadZipFile
        end = _END.unpack_from(tail, position)
        if end[4] > MOST_PARTS:  # before a list of millions is read
            raise self._refused(Message("it has more than {0} parts", f"{MOST_PARTS:,}"))
        with zipfile.ZipFile(self._file) as listing:
            return [self._entry(info) for info in listing.infolist()]

    def _entry(self, info: zipfile.ZipInfo) -> _Entry:
        mode = info.external_attr >> 16
        if info.orig_filename.endswith("/") or (mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
            raise self._refused(Message("{0} in it is a link or a folder", repr(info.filename[:MOST_NAME])))
        if info.flag_bits & _ENCRYPTED:
            raise self._refused(Message("it is encrypted"))
        # `orig_filename`: the other one ends where a null byte stands
        return _Entry(
            info.orig_filename, info.compress_type, info.header_offset, info.compress_size, info.file_size, info.CRC
        )

    def _looked_for(self, size: int) -> Iterator[_Entry]:
        """The parts that stand one after another from the beginning, as far as they do."""
        offset = 0
        for _ in range(MOST_PARTS):
            self._file.seek(offset)
            header = self._file.read(_LOCAL.size)
            if len(header) < _LOCAL.size or not header.startswith(_LOCAL_SIGNATURE):
                return
            _, _, flags, method, _, _, crc, packed, unpacked, name_length, extra_length = _LOCAL.unpack(header)
            name = self._file.read(name_length).decode("ascii", "replace")
            following = offset + _LOCAL.size + name_length + extra_length + packed
            if flags & (_ENCRYPTED | _SIZES_LATER) or following > size:
                return
            yield _Entry(name, method, offset, packed, unpacked, crc)
            offset = following

    def _check(self, entries: list[_Entry], size: int) -> None:
        """Raise BadFile for what could do harm, before anything is unpacked."""
        if len(entries) > MOST_PARTS:
            raise self._refused(Message("it has more than {0} parts", f"{MOST_PARTS:,}"))
        names = [entry.name for entry in entries]
        for name in names:
            if len(name) > MOST_NAME or not _PLAIN_NAME.fullmatch(name) or ".." in name:
                raise self._refused(Message("a part in it has the name {0}", repr(name[:MOST_NAME])))
        if len({name.casefold() for name in names}) < len(names):
            raise self._refused(Message("two parts in it have the same name"))
        for entry in entries:
            if entry.method not in (_STORED, _DEFLATED):
                raise self._refused(Message("{0} in it is packed in an unusual way", entry.name))
            most = entry.packed if entry.method == _STORED else MOST_UNPACKED
            if entry.size > most:
                raise self._refused(Message("{0} in it would unpack to {1} bytes", entry.name, f"{entry.size:,}"))
        if sum(entry.packed for entry in entries) > size or sum(entry.size for entry in entries) > MOST_BYTES:
            raise self._refused(Message("its parts would take more room than there is in the file"))

    def _refused(self, why: Message) -> BadFile:
        return BadFile('"{0}" is not opened, because it may do harm: {1}.', self._path, why)


@contextmanager
def open_archive(path: PathLike) -> Iterator[Archive]:
    """The parts of the file at `path`. Raises BadFile as `Archive`, or because it cannot be read."""
    try:
        file = open_regular(path)
    except (OSError, ValueError) as error:
        os_error = error if isinstance(error, OSError) else OSError(str(error))
        raise cannot("read", path, os_error) from error
    with file:
        yield Archive(file, path)


def write_archive(path: PathLike, parts: Mapping[str, Callable[[], bytes]], sources: tuple[Path, ...] = ()) -> None:
    """Write the parts as one zip, in one step, in their order; each is made when its turn comes.

    A part of `_NAMED_BY_CONTENT` that an archive in `sources` has is taken from there instead. Raises BadFile: it
    cannot be written, or `Archive` would refuse it; nothing has changed then.
    """
    if len(parts) > MOST_PARTS:
        raise _not_written(path, Message("it has more than {0} parts", f"{MOST_PARTS:,}"))
    with _readable(sources) as archives, atomic_write(path) as file:
        unpacked = 0
        with zipfile.ZipFile(file, "w", _STORED, allowZip64=False) as archive:
            for name, make in parts.items():
                taken = _taken_over(name, archives) if name.startswith(_NAMED_BY_CONTENT) else None
                content = make() if taken is None else taken
                info = zipfile.ZipInfo(name)  # of 1980: the same document gives the same bytes
                info.compress_type = _DEFLATED if name.endswith(_TEXT) else _STORED
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                if info.compress_type == _DEFLATED and len(content) > MOST_UNPACKED:
                    raise _not_written(path, Message("{0} in it would unpack to {1} bytes", name, f"{len(content):,}"))
                unpacked += len(content)
                _check_bytes(path, unpacked)
                archive.writestr(info, content, compresslevel=1)
        _check_bytes(path, file.tell())


def _check_bytes(path: PathLike, size: int) -> None:
    if size > MOST_BYTES:
        raise _not_written(path, Message("it has more than {0} bytes", f"{MOST_BYTES:,}"))


def _not_written(path: PathLike, why: Message) -> BadFile:
    return BadFile(
        '"{0}" is not written, because it could not be opened again: {1}; throw some kept pictures away, then save.',
        path, why,
    )  # fmt: skip


def _taken_over(name: str, archives: list[Archive]) -> bytes | None:
    for archive in archives:
        if name in archive.names:
            try:
                return archive.read(name)
            except BadFile:  # damaged there: it is made anew
                continue
    return None


@contextmanager
def _readable(sources: tuple[Path, ...]) -> Iterator[list[Archive]]:
    files: list[BinaryIO] = []
    archives: list[Archive] = []
    try:
        for source in sources:
            try:
                file = open_regular(source)
                files.append(file)
                archives.append(Archive(file, source))
            except (OSError, ValueError, BadFile):
                continue  # gone, or none of ours: its parts are made anew
        yield archives
    finally:
        for file in files:
            file.close()
