"""A zip from anywhere does no harm: what could is refused in one sentence, and damage stays in the part that has it."""

from __future__ import annotations

import random
import stat
import struct
import warnings
import zipfile
from contextlib import suppress

import pytest

from engine.documents import archive as module
from engine.documents.archive import MOST_PARTS, open_archive, write_archive
from engine.errors import BadFile

MOST = 100_000
PARTS = {"manifest.json": b'{"schema": 1}', "scene.json": b"{}" * 400, "parts/a.bin": bytes(range(256)) * 8}


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "one.tessera"
    write_archive(made, {name: lambda content=content: content for name, content in PARTS.items()})
    return made


def read_all(path):
    with open_archive(path) as archive:
        return {name: archive.read(name) for name in archive.names}


def test_parts_come_back_and_equal_parts_give_equal_files(path, tmp_path):
    assert read_all(path) == PARTS
    again = tmp_path / "two.tessera"
    write_archive(again, {name: lambda content=content: content for name, content in PARTS.items()})
    assert path.read_bytes() == again.read_bytes()


def test_a_part_that_is_there_already_is_taken_over_and_not_made_again(path):
    def never():
        raise AssertionError("made again")

    write_archive(path, {"manifest.json": lambda: b"{}", "parts/a.bin": never}, (path,))
    assert read_all(path) == {"manifest.json": b"{}", "parts/a.bin": PARTS["parts/a.bin"]}


def test_a_damaged_part_is_made_again_and_not_taken_over(path):
    damage(path, PARTS["parts/a.bin"][:64])
    write_archive(path, {"parts/a.bin": lambda: b"made again"}, (path, path.with_name("gone.tessera")))
    assert read_all(path) == {"parts/a.bin": b"made again"}


def damage(path, content):
    """Turn one bit of what stands in the file."""
    data = bytearray(path.read_bytes())
    data[data.index(content)] ^= 1
    path.write_bytes(data)


def test_a_damaged_part_says_so_and_leaves_the_others_alone(path):
    damage(path, PARTS["parts/a.bin"][:64])
    with open_archive(path) as archive:
        assert archive.read("scene.json") == PARTS["scene.json"]
        with pytest.raises(BadFile, match='The part "parts/a.bin" of ".*" is damaged'):
            archive.read("parts/a.bin")


def test_what_stands_before_a_cut_is_read(path):
    path.write_bytes(path.read_bytes()[: path.read_bytes().index(b"parts/a.bin") + 300])
    with open_archive(path) as archive:
        assert archive.salvaged and archive.names == {"manifest.json", "scene.json"}
        assert archive.read("scene.json") == PARTS["scene.json"]


def test_only_parts_that_are_named_by_their_content_are_taken_over(path):
    """Not a thumbnail: it is always called the same."""
    for content in (b"of then", b"of now"):
        write_archive(path, {"thumbnail.png": lambda content=content: content}, (path,))
    assert read_all(path) == {"thumbnail.png": b"of now"}


# ---------------------------------------------------------------- what is refused


def entry(name, content=b"x", *, mode=stat.S_IFREG | 0o644, method=zipfile.ZIP_STORED):
    info = zipfile.ZipInfo("placeholder")
    info.filename = name  # ZipInfo itself would mend it
    info.external_attr, info.compress_type = mode << 16, method
    return info, content


def zip_of(path, *entries):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of duplicate names
        with zipfile.ZipFile(path, "w") as archive:
            for info, content in entries:
                archive.writestr(info, content)
    return path


HOSTILE = {
    "an absolute path": [entry("/etc/passwd")],
    "a way out": [entry("manifest.json"), entry("../../evil.sh")],
    "a way out inside": [entry("parts/../../evil")],
    "another system's way out": [entry("..\\evil.exe")],
    "a drive": [entry("C:/evil.exe")],
    "a null byte": [entry("manifest.json\0.exe")],
    "an empty folder": [entry("parts/", b"")],
    "a line break": [entry("a\nb")],
    "a very long name": [entry("a" * 400)],
    "the same name twice": [entry("manifest.json"), entry("manifest.json")],
    "the same name in other letters": [entry("manifest.json"), entry("MANIFEST.json")],
    "a symbolic link": [entry("link", b"/etc/passwd", mode=stat.S_IFLNK | 0o777)],
    "a device": [entry("null", mode=stat.S_IFCHR | 0o666)],
    "a bomb": [entry("bomb.json", bytes(MOST + 1), method=zipfile.ZIP_DEFLATED)],
    "packed in an unusual way": [entry("a.json", b"x" * 99, method=zipfile.ZIP_LZMA)],
}


@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE)
def test_what_could_do_harm_is_refused_before_anything_is_unpacked(entries, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_UNPACKED", MOST)
    with pytest.raises(BadFile, match='is not opened, because it may do harm: [^\n]+[.]$'):
        read_all(zip_of(tmp_path / "evil.tessera", *entries))


TOO_LARGE = {
    "parts beyond number": (PARTS, "MOST_PARTS", 2, "it has more than 2 parts"),
    "a text that is too long": (PARTS, "MOST_UNPACKED", 700, "scene.json in it would unpack to 800 bytes"),
    "too many bytes unpacked": (PARTS, "MOST_BYTES", 2500, "it has more than 2,500 bytes"),
    "too many bytes with their list": ({"parts/a": bytes(2800)}, "MOST_BYTES", 2900, "it has more than 2,900 bytes"),
}


@pytest.mark.parametrize(("parts", "limit", "most", "why"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_would_be_refused_is_not_written_and_the_old_file_stands(parts, limit, most, why, path, monkeypatch):
    write_archive(path, {"manifest.json": lambda: b"old"})
    monkeypatch.setattr(module, limit, most)
    with pytest.raises(BadFile, match=f'is not written, because it could not be opened again: {why}; [^\n]+[.]$'):
        write_archive(path, {name: lambda content=content: content for name, content in parts.items()})
    assert read_all(path) == {"manifest.json": b"old"} and len(list(path.parent.iterdir())) == 1


def test_parts_beyond_number_are_refused_before_their_list_is_read(tmp_path):
    made = zip_of(tmp_path / "many.tessera", entry("manifest.json"))
    data = made.read_bytes()
    position = data.rindex(b"PK\5\6")
    made.write_bytes(data[: position + 8] + struct.pack("<2H", MOST_PARTS + 1, MOST_PARTS + 1) + data[position + 12 :])
    with pytest.raises(BadFile, match="more than 10,000 parts"):
        read_all(made)


def test_parts_that_lie_over_each_other_are_refused(tmp_path):
    """As in bombs that compress nothing: a thousand entries, and all their bytes are the same ones."""
    made = zip_of(tmp_path / "same.tessera", *[entry(f"part{number}", bytes(1000)) for number in range(20)])
    data = bytearray(made.read_bytes())
    start = data.index(b"PK\1\2")
    kept = bytearray(data[: data.index(b"PK\3\4", 4)])  # one part alone
    listing = data[start:]
    position = 0
    while (position := listing.find(b"PK\1\2", position)) >= 0:
        listing[position + 42 : position + 46] = bytes(4)
        position += 4
    end = listing.rindex(b"PK\5\6")
    listing[end + 16 : end + 20] = struct.pack("<L", len(kept))
    made.write_bytes(kept + listing)
    with pytest.raises(BadFile, match="more room than there is"):
        read_all(made)


def test_a_part_that_unpacks_to_more_than_it_says_is_damaged(tmp_path):
    made = zip_of(tmp_path / "liar.tessera", entry("a.json", bytes(100_000), method=zipfile.ZIP_DEFLATED))
    data = made.read_bytes()
    made.write_bytes(data.replace(struct.pack("<L", 100_000), struct.pack("<L", 10)))
    with pytest.raises(BadFile, match="is damaged"):
        read_all(made)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"PK\5\6" + bytes(18), b"no zip at all" * 99])
def test_what_is_no_zip_is_said_in_one_sentence(content, tmp_path):
    made = tmp_path / "none.tessera"
    made.write_bytes(content)
    with pytest.raises(BadFile, match="no document of Tessera"):
        read_all(made)


def test_any_damage_ends_in_parts_or_in_one_sentence(path):
    """Hundreds of mutations: bits turned, bytes cut out, doubled, and set to extremes."""
    data, chance = path.read_bytes(), random.Random(14)
    for _ in range(500):
        mutated = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(mutated))
            length = chance.choice((1, 2, 4, 40))
            mutated[place : place + length] = chance.choice(
                (b"", b"\xff" * length, bytes(length), mutated[place : place + length] * 2, chance.randbytes(length))
            )
        path.write_bytes(mutated)
        try:
            with open_archive(path) as archive:
                for name in archive.names:
                    with suppress(BadFile):
                        archive.read(name)
        except BadFile as error:
            assert "\n" not in str(error)
