"""Reading and writing files so that a failure leaves everything as it was.

Every write goes to a temporary file in the target's folder, is flushed to the disk and then replaces
the target in one step. Operating-system errors become one sentence that names the file.

A process holds its temporary files locked until they are in place. One that nobody holds was left by a process that
was killed; it goes with the first write into its folder (`remove_abandoned`).
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

import platformdirs

from engine.errors import BadFile, Message

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

PathLike = str | os.PathLike[str]

MAX_BYTES_READ = 1 << 30
"""`read_bytes` refuses files over 1 GiB: nothing that is read whole is that large."""

_REASONS: dict[int, Message] = {
    errno.ENOENT: Message("it does not exist; check the name"),
    errno.EACCES: Message("you are not allowed to; change its permissions or choose another place"),
    errno.EPERM: Message("you are not allowed to; change its permissions or choose another place"),
    errno.EROFS: Message("the folder is read-only; choose another folder"),
    errno.ENOSPC: Message("the disk is full; free some space or choose another folder"),
    errno.EDQUOT: Message("your disk quota is used up; free some space or choose another folder"),
    errno.EFBIG: Message("the disk cannot hold a file that large; choose another folder"),
    errno.EISDIR: Message("it is a folder; give a file"),
    errno.ENOTDIR: Message("part of the path is a file, not a folder; check the path"),
    errno.ENAMETOOLONG: Message("the name is too long; choose a shorter one"),
    errno.EINVAL: Message("the name has characters that are not allowed here; choose another one"),
    errno.ELOOP: Message("its links point at each other; repair the link"),
    errno.EIO: Message("the disk reported an error; copy the file to another disk and try again"),
    errno.EBUSY: Message("another program is using it; close that program and try again"),
    errno.EMFILE: Message("too many files are open; close some and try again"),
    errno.ENXIO: Message("it is a pipe or a device, not a file; give a file"),
}


LONGEST_NAME = 255
TEMPORARY_FILES = ".tessera-*.tmp"
"""What files and folders are called while they are being written."""
_cleaned_folders: set[Path] = set()
"""Folders in which this process has looked for what others left."""
Action = Literal["read", "write", "remove", "create the folder"]
_SOURCE = Path(__file__).resolve().parents[1]  # resolved once: each icon is asked for by a path
_ACTIONS: dict[Action, Message] = {
    "read": Message("read"),
    "write": Message("write"),
    "remove": Message("remove"),
    "create the folder": Message("create the folder"),
}


def as_sentence(text: str) -> str:
    """`text` with its first letter in upper case ("the picture ..." begins a sentence)."""
    return text.as_beginning() if isinstance(text, Message) else text[:1].upper() + text[1:]


def reason(error: OSError) -> Message:
    """What went wrong and what to do about it, as the second half of a sentence without its full stop."""
    known_reason = _REASONS.get(error.errno or 0)
    if known_reason is not None:
        return known_reason
    explanation = (error.strerror or str(error)).rstrip(".").lower()
    return Message("{0}; try another place", explanation or Message("the system does not say why"))


def cannot(action: Action, path: PathLike, error: OSError) -> BadFile:
    """The BadFile for an operating-system error: `cannot("read", path, error)`."""
    return BadFile('Cannot {0} "{1}": {2}.', _ACTIONS[action], os.fspath(path), reason(error), details=repr(error))


def of_system(error: OSError) -> BadFile | None:
    """The sentence for an operating-system error that nobody expected there; None where it names no file."""
    return None if error.filename is None else cannot("read", os.fsdecode(error.filename), error)


def name_length(name: str) -> int:
    """How long a file's name is as the system counts it, of `LONGEST_NAME` at most."""
    return len(name.encode("utf-16-le", "surrogatepass")) // 2 if os.name == "nt" else len(os.fsencode(name))


def check_name(path: PathLike) -> None:
    """Refuse a name that cannot, or should not, be given to a new file or folder: asked before there is work to lose.

    What is there already has its name. Raises BadFile.
    """
    name = Path(path).name
    try:
        os.lstat(path)
        return
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # said by who writes
    except (OSError, ValueError) as error:
        raise _cannot_write(Path(path), _as_os_error(error)) from error
    if name_length(name) > LONGEST_NAME:  # in a folder that is still to be made
        raise _cannot_write(Path(path), OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG)))
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
        raise BadFile(
            'Cannot write {0}: the name has characters that do not show, a line break for example; choose another one.',
            ascii(os.fspath(path)),
        )
    if name != name.rstrip(". "):
        raise BadFile('Cannot write "{0}": the name ends in a dot or a space; choose another one.', os.fspath(path))


def _cannot_write(path: Path, error: OSError) -> BadFile:
    folder = path.parent
    if error.errno == errno.ENOENT and not folder.is_dir():
        return BadFile(
            'Cannot write "{0}": there is no folder "{1}"; create it or choose another folder.',
            path, folder, details=repr(error),
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return BadFile(
            'Cannot write "{0}": the folder or the file is read-only; choose another folder.',
            path, details=repr(error),
        )
    return cannot("write", path, error)


@contextmanager
def atomic_write(path: PathLike) -> Iterator[BinaryIO]:
    """Give a binary file to write to; on success it becomes `path` in one step, on failure nothing changes.

    The file's `name` is the temporary file's path, for libraries that write to a path themselves.
    Links are followed, an existing file's permissions are kept. Raises BadFile for operating-system
    errors inside the block or when finishing; any other exception passes unchanged.
    """
    check_name(path)
    try:
        target = Path(os.path.realpath(path))
        permissions = _existing_mode(target)
        _clean_once(target.parent)
        temporary, temporary_file = _new_temporary(target.parent)
    except (OSError, ValueError) as error:
        raise _cannot_write(Path(path), _as_os_error(error)) from error
    try:
        with temporary_file:
            yield temporary_file
            temporary_file.flush()
            os.fsync(temporary_file.fileno())
            if os.name == "nt":  # no open file can be moved there; elsewhere it is held until it is in place
                temporary_file.close()
            if permissions is not None:
                with suppress(OSError):  # some file systems have no permissions; the content is what matters
                    os.chmod(temporary, permissions)
            os.replace(temporary, target)
    except OSError as error:
        raise _cannot_write(Path(path), error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _new_temporary(folder: Path) -> tuple[Path, BinaryIO]:
    """A temporary file that this process holds. Raises OSError."""
    while True:
        temporary = _temporary_path(folder)
        file = open(temporary, "xb")
        if hold(file) is not False and temporary.exists():
            return temporary, file
        file.close()  # another process took it for abandoned before it was held


def _temporary_path(folder: Path) -> Path:
    return folder / TEMPORARY_FILES.replace("*", secrets.token_hex(6))


@contextmanager
def atomic_folder(path: PathLike) -> Iterator[Path]:
    """Give a folder to write files into; on success it becomes `path` in one step, on failure nothing changes.

    Raises BadFile where there is something of that name other than an empty folder, and for operating-system errors.
    """
    check_name(path)
    target = Path(path).absolute()
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise BadFile('Cannot write "{0}": there is something of that name; choose a new folder.', path)
        _clean_once(target.parent)
        with _new_temporary_folder(target.parent) as temporary:
            yield temporary
            if target.is_dir():
                target.rmdir()  # empty: a rename onto it fails on Windows
            os.replace(temporary, target)
    except OSError as error:
        raise _cannot_write(Path(path), error) from error


@contextmanager
def _new_temporary_folder(parent: Path) -> Iterator[Path]:
    """A temporary folder that this process holds; it goes at the end, unless it has another name by then."""
    while True:
        temporary = _temporary_path(parent)
        temporary.mkdir()
        with _held_folder(temporary) as is_held:
            if is_held is False:  # another process took it for abandoned before it was held
                continue
            try:
                yield temporary
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            return


@contextmanager
def _held_folder(folder: Path) -> Iterator[bool | None]:
    """Hold a folder while inside, where the system has locks on folders (not on Windows); see `hold`. False where it
    is gone, too."""
    if fcntl is None:
        yield None
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        is_held = hold(descriptor)
        yield is_held if folder.exists() else False
    finally:
        os.close(descriptor)


def hold(file: BinaryIO | int) -> bool | None:
    """Hold an open file until it is closed. False where another does; None where the system or the disk has no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def remove_abandoned(folder: Path) -> None:
    """Remove temporary files and folders in `folder` whose processes are gone; where the system cannot tell, they stay.
    """
    with suppress(OSError):
        for temporary in folder.glob(TEMPORARY_FILES):
            with suppress(OSError):
                if temporary.is_dir():
                    with _held_folder(temporary) as is_ours:
                        if is_ours:
                            shutil.rmtree(temporary, ignore_errors=True)
                else:
                    with open_regular(temporary) as file:
                        if hold(file):
                            temporary.unlink()


def _clean_once(folder: Path) -> None:
    if folder not in _cleaned_folders:
        _cleaned_folders.add(folder)
        remove_abandoned(folder)


def _existing_mode(target: Path) -> int | None:
    """Permission bits of the file that will be replaced; None if there is none. OSError if it must not be."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not stat.S_ISREG(status.st_mode):  # replacing a device or a pipe would destroy it
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO), str(target))
    if not os.access(target, os.W_OK):  # replacing needs the folder's permission only: ask for the file's too
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return stat.S_IMODE(status.st_mode)


def _as_os_error(error: OSError | ValueError) -> OSError:
    return error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error))


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system lets a folder be flushed (not on Windows)."""
    if os.name == "nt":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_bytes(path: PathLike, data: bytes) -> None:
    """Write `data` as the whole file, atomically. Raises BadFile."""
    with atomic_write(path) as handle:
        handle.write(data)


def write_text(path: PathLike, text: str) -> None:
    """Write `text` as UTF-8 with newlines as they are, atomically. Raises BadFile."""
    write_bytes(path, text.encode("utf-8"))


def open_regular(path: PathLike) -> BinaryIO:
    """A file to read from; every path that is read is opened here. Raises OSError, also for what is no regular file: a
    named pipe or a device would be waited for, or read, for ever."""
    file = open(path, "rb", opener=_without_waiting)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO), os.fspath(path))
    return file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def check_regular(path: PathLike) -> None:
    """Raises OSError for what cannot be read as a file; for libraries that open a path themselves."""
    open_regular(path).close()


def read_bytes(path: PathLike, *, limit: int = MAX_BYTES_READ) -> bytes:
    """The whole file. Raises BadFile if it cannot be read, is no regular file or has more than `limit` bytes."""
    try:
        with open_regular(path) as handle:
            size = os.fstat(handle.fileno()).st_size
            if size > limit:
                raise BadFile(
                    '"{0}" has {1} MiB, more than the limit of {2}.',
                    os.fspath(path), size >> 20, limit >> 20,
                )
            return handle.read()
    except (OSError, ValueError) as error:
        raise cannot("read", path, _as_os_error(error)) from error


def read_text(path: PathLike) -> str:
    """The whole file as UTF-8 (a byte-order mark is dropped). Raises BadFile."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(
            '"{0}" is not a text file in UTF-8; give a text file.',
            os.fspath(path), details=repr(error),
        ) from error


def make_folder(path: PathLike) -> Path:
    """Create the folder and its parents if they are missing. Raises BadFile."""
    folder = Path(path)
    check_name(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise BadFile(
            'Cannot create the folder "{0}": a file of that name is there; choose another name.',
            folder,
        ) from error
    except (OSError, ValueError) as error:
        raise cannot("create the folder", path, _as_os_error(error)) from error
    return folder


def user_data_folder() -> Path:
    """What belongs to this user and stays (weights, networks); TESSERA_HOME moves it with the other folders."""
    home = os.environ.get("TESSERA_HOME")
    return Path(home) if home else Path(platformdirs.user_data_dir("Tessera", appauthor=False))


def root() -> Path:
    """The folder that holds `resources/`, `weights/` and `docs/`: the source checkout or the unpacked bundle."""
    bundle = getattr(sys, "_MEIPASS", None)
    return Path(bundle) if bundle else _SOURCE


def resource(*parts: str) -> Path:
    """Path of a file that ships with the program, under `resources/`."""
    return root().joinpath("resources", *parts)
