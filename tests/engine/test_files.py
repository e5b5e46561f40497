"""Writes are all or nothing, and operating-system errors are one sentence."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine import files
from engine.errors import BadFile, Cancelled
from engine.files import (
    atomic_folder,
    atomic_write,
    check_name,
    make_folder,
    of_system,
    read_bytes,
    read_text,
    remove_abandoned,
    write_bytes,
    write_text,
)


def is_one_sentence(text: str) -> bool:
    return text.endswith((".", "?")) and "\n" not in text and "Traceback" not in text and "Errno" not in text


def test_a_write_replaces_the_file_and_leaves_nothing_else(tmp_path: Path):
    target = tmp_path / "头发 红 色.txt"
    write_text(target, "one")
    write_text(target, "二")
    assert read_text(target) == "二"
    assert os.listdir(tmp_path) == [target.name]


def test_an_exception_inside_the_block_changes_nothing(tmp_path: Path):
    target = tmp_path / "a.bin"
    write_bytes(target, b"old")
    with pytest.raises(Cancelled), atomic_write(target) as handle:
        handle.write(b"half of the n")
        raise Cancelled()
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "picture.png"
    write_bytes(target, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(BadFile, match="the disk is full") as caught:
        write_bytes(target, b"new")
    assert str(target) in str(caught.value)
    assert is_one_sentence(str(caught.value))
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["picture.png"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_read_only_folder_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int):
    def refuse(*args: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files, "open", refuse, raising=False)
    with pytest.raises(BadFile, match="read-only; choose another folder") as caught:
        write_bytes(tmp_path / "a.png", b"x")
    assert is_one_sentence(str(caught.value))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_really_read_only_folder_is_refused(tmp_path: Path):
    folder = make_folder(tmp_path / "locked")
    folder.chmod(0o500)
    try:
        with pytest.raises(BadFile, match="read-only"):
            write_bytes(folder / "a.png", b"x")
    finally:
        folder.chmod(0o700)


def test_a_read_only_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "a.png"
    write_bytes(target, b"old")
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)
    with pytest.raises(BadFile, match="read-only"):
        write_bytes(target, b"new")
    assert target.read_bytes() == b"old"


def test_a_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(BadFile, match='there is no folder ".*missing"; create it'):
        write_bytes(tmp_path / "missing" / "a.png", b"x")


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 400])
def test_impossible_targets_are_one_sentence(tmp_path: Path, name: str):
    path = f"{tmp_path}/{name}"
    with pytest.raises(BadFile) as caught:
        write_bytes(path, b"x")
    assert is_one_sentence(str(caught.value))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["写" * 90, "a" * 256, "two\nlines", "bell\a", "\u2028", "dots..", "a space ", "a\0b"])
def test_names_that_no_file_should_have_are_refused_before_anything_is_made(tmp_path: Path, name: str):
    ways = (check_name, make_folder, lambda path: write_bytes(path, b"x"), lambda path: atomic_folder(path).__enter__())
    for refuse in ways:
        with pytest.raises(BadFile) as caught:
            refuse(tmp_path / name)
        assert is_one_sentence(str(caught.value)) and str(caught.value).startswith("Cannot write")
    assert os.listdir(tmp_path) == []


def test_other_names_and_those_that_are_there_are_taken(tmp_path: Path):
    for name in ("写" * 85, "全角\u3000空格", "👩\u200d🎨", "..a", ".a", "a b", ".."):
        check_name(tmp_path / name)
    (tmp_path / "old ").mkdir()
    check_name(tmp_path / "old ")
    assert make_folder(tmp_path / "old ") == tmp_path / "old "


def test_a_failure_of_the_system_that_names_a_file_is_a_sentence():
    with pytest.raises(OSError) as caught:
        Path("x" * 400).is_file()
    assert 'xxx": the name is too long; choose a shorter one.' in str(of_system(caught.value))
    assert of_system(OSError("no file")) is None


@pytest.mark.skipif(os.name == "nt", reason="links and permission bits are Unix's")
def test_links_are_followed_and_permissions_kept(tmp_path: Path):
    real = tmp_path / "real.bin"
    write_bytes(real, b"old")
    real.chmod(0o640)
    link = tmp_path / "link.bin"
    link.symlink_to(real)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_unreadable_sources_are_one_sentence(tmp_path: Path):
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    for action in (
        lambda: read_bytes(tmp_path / "missing"),
        lambda: read_bytes(tmp_path),
        lambda: read_bytes(str(tmp_path / "a\0b")),
        lambda: read_text(tmp_path / "latin.txt"),
        lambda: read_bytes(tmp_path / "latin.txt", limit=3),
    ):
        with pytest.raises(BadFile) as caught:
            action()
        assert is_one_sentence(str(caught.value))


def test_a_byte_order_mark_is_dropped(tmp_path: Path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf{}")
    assert read_text(tmp_path / "a.json") == "{}"


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path):
    (tmp_path / "weights").write_bytes(b"")
    with pytest.raises(BadFile, match="a file of that name is there"):
        make_folder(tmp_path / "weights")


# ---------------------------------------------------------------- what a killed process left


def killed_while_writing(target: Path) -> None:
    """Another process begins to write `target` and is killed."""
    code = (
        "import os, sys; from engine.files import atomic_write\n"
        "with atomic_write(sys.argv[1]) as file: file.write(b'half'); file.flush(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(target)], cwd=files.root()).returncode == 9


def test_what_a_killed_process_left_goes_with_the_next_write_into_the_folder(tmp_path: Path):
    target = tmp_path / "a.txt"
    write_text(target, "old")
    killed_while_writing(target)
    assert len(os.listdir(tmp_path)) == 2 and read_text(target) == "old"
    files._cleaned_folders.clear()  # as the next process
    write_text(tmp_path / "b.txt", "new")
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "b.txt"]


@pytest.mark.skipif(os.name == "nt", reason="locks are Unix's")
def test_what_is_being_written_is_not_taken_for_abandoned(tmp_path: Path):
    with atomic_write(tmp_path / "a.txt") as file, atomic_folder(tmp_path / "frames") as folder:
        write_text(folder / "frame.txt", "one")
        file.write(b"new")
        remove_abandoned(tmp_path)
    assert read_text(tmp_path / "a.txt") == "new" and read_text(tmp_path / "frames" / "frame.txt") == "one"
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "frames"]


@pytest.fixture
def looked_at_too_early(monkeypatch):
    """Another process holds what is new before its maker can, and removes it a moment later: held, then removed."""
    taken, fcntl_flock = [], files.fcntl.flock

    def flock(file, how):
        if not taken:
            descriptor = file if isinstance(file, int) else file.fileno()
            temporary = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            taken.append((temporary, os.open(temporary, os.O_RDONLY)))
            fcntl_flock(taken[0][1], how)
        return fcntl_flock(file, how)

    monkeypatch.setattr(files.fcntl, "flock", flock)
    yield taken
    os.close(taken[0][1])


def remove_now(taken):
    (temporary, _), *_ = taken
    if temporary.is_dir():
        temporary.rmdir()
    else:
        temporary.unlink(missing_ok=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the maker's file is known by its descriptor")
def test_a_file_that_another_process_took_for_abandoned_is_not_written_to(tmp_path: Path, looked_at_too_early):
    with atomic_write(tmp_path / "a.txt") as file:
        remove_now(looked_at_too_early)
        file.write(b"new")
    assert read_text(tmp_path / "a.txt") == "new" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the maker's folder is known by its descriptor")
def test_a_folder_that_another_process_took_for_abandoned_is_not_written_to(tmp_path: Path, looked_at_too_early):
    with atomic_folder(tmp_path / "frames") as folder:
        remove_now(looked_at_too_early)
        write_text(folder / "frame.txt", "one")
    assert read_text(tmp_path / "frames" / "frame.txt") == "one" and os.listdir(tmp_path) == ["frames"]


@pytest.mark.skipif(os.name == "nt", reason="locks are Unix's")
def test_a_folder_that_is_removed_before_it_is_held_gets_another_name(tmp_path: Path, monkeypatch):
    removed = []

    def remove_first(path, *arguments):
        if not removed and Path(path).parent == tmp_path:
            removed.append(path)
            os.rmdir(path)
        return opened(path, *arguments)

    opened = os.open
    monkeypatch.setattr(files.os, "open", remove_first)
    with atomic_folder(tmp_path / "frames") as folder:
        write_text(folder / "frame.txt", "one")
    assert removed and os.listdir(tmp_path) == ["frames"]


@pytest.mark.skipif(os.name == "nt", reason="locks are Unix's")
def test_only_names_of_tessera_s_own_temporary_files_are_abandoned(tmp_path: Path):
    for name in (".tessera-a.tmp", ".tessera.tmp", "x.tessera-a.tmp", ".other-a.tmp", ".tessera-a.tmp.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".tessera-b.tmp").mkdir()
    (tmp_path / ".tessera-b.tmp" / "frame-001.png").write_bytes(b"")
    remove_abandoned(tmp_path)
    remove_abandoned(tmp_path / "missing")
    assert sorted(os.listdir(tmp_path)) == [".other-a.tmp", ".tessera-a.tmp.png", ".tessera.tmp", "x.tessera-a.tmp"]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path):
    with pytest.raises(Cancelled), atomic_folder(tmp_path / "frames") as folder:
        write_text(folder / "one.txt", "one")
        raise Cancelled()
    assert os.listdir(tmp_path) == []
    (tmp_path / "mine").mkdir()
    write_text(tmp_path / "mine" / "a.txt", "a")
    with pytest.raises(BadFile, match="choose a new folder"), atomic_folder(tmp_path / "mine"):
        pass
    assert os.listdir(tmp_path) == ["mine"]


def test_resources_are_found_in_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert files.resource("labelsets", "faces.json").is_file()
    monkeypatch.setattr(files.sys, "_MEIPASS", str(tmp_path), raising=False)
    assert files.resource("labelsets") == tmp_path / "resources" / "labelsets"
