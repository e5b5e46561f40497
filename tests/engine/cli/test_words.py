"""What --style, --styles, --mix and --set may look like, and which reading of a path wins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.words import StyleFile, split_label, split_mix, split_settings, split_style_file, square_of
from engine.errors import BadFile, BadRequest
from engine.pictures.face_frames import FaceFrame


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that relative paths start from."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def test_a_label_ends_at_the_first_equals_sign() -> None:
    assert split_label("--style", "hair=a=b.png") == ("hair", "a=b.png")
    assert split_label("--style", r"头发=C:\新 图\a.png") == ("头发", r"C:\新 图\a.png")


@pytest.mark.parametrize("word", ["hair", "=a.png", "hair=", ""])
def test_a_word_without_label_or_file_is_refused_with_an_example(word: str) -> None:
    with pytest.raises(BadRequest, match="LABEL=FILE"):
        split_label("--style", word)


def test_the_label_map_stands_behind_the_at_sign(here: Path) -> None:
    _touch("a b.png", "labels/图.png")
    assert split_style_file("--styles", "a b.png") == StyleFile("a b.png")
    assert split_style_file("--styles", "a b.png@labels/图.png") == StyleFile("a b.png", "labels/图.png")


def test_a_file_that_exists_wins_over_splitting_its_name(here: Path) -> None:
    _touch("me@home.png", "me", "home.png", "map@2.png", "a.png", "a.png@map")
    assert split_style_file("--styles", "me@home.png") == StyleFile("me@home.png")
    assert split_style_file("--styles", "me@home.png@map@2.png") == StyleFile("me@home.png", "map@2.png")
    assert split_style_file("--styles", "a.png@map@2.png") == StyleFile("a.png", "map@2.png")


def test_a_missing_picture_or_label_map_is_named(here: Path) -> None:
    _touch("a.png")
    with pytest.raises(BadFile, match=r'no label map file "gone\.png"'):
        split_style_file("--style", "a.png@gone.png")
    with pytest.raises(BadFile, match=r'no file "gone\.png"'):
        split_style_file("--style", "gone.png")
    with pytest.raises(BadFile, match=r'no file "gone\.png"'):
        split_style_file("--style", "gone.png@a.png")


def test_an_amount_stands_behind_the_last_colon(here: Path) -> None:
    _touch("a.png", "map.png")
    assert split_mix("hair=a.png:0.4") == ("hair", StyleFile("a.png"), 0.4)
    assert split_mix("hair=a.png@map.png:-1") == ("hair", StyleFile("a.png", "map.png"), -1.0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
def test_colons_in_paths_stay_in_the_path(here: Path) -> None:
    _touch("C:/pictures/a.png", "odd:0.5", "odd")
    assert split_mix("13=C:/pictures/a.png:1.5") == ("13", StyleFile("C:/pictures/a.png"), 1.5)
    assert split_mix("13=odd:0.5:0.25") == ("13", StyleFile("odd:0.5"), 0.25)


@pytest.mark.parametrize("amount", ["", ":", ":much", ":nan", ":inf", r":\a.png"])
def test_a_mix_without_a_number_is_refused_with_an_example(here: Path, amount: str) -> None:
    _touch("a.png")
    with pytest.raises(BadRequest, match=r"--mix hair=photo\.jpg:0\.4"):
        split_mix(f"hair=a.png{amount}")


@pytest.mark.parametrize("amount", ["2.01", "-1.5", "40"])
def test_an_amount_out_of_range_is_refused(here: Path, amount: str) -> None:
    _touch("a.png")
    with pytest.raises(BadRequest, match="outside -1 to 2"):
        split_mix(f"hair=a.png:{amount}")


@given(word=st.text(max_size=40))
def test_any_text_gives_a_reading_or_one_of_our_sentences(word: str) -> None:
    for split in (split_mix, lambda w: split_style_file("--style", w), lambda w: split_label("--style", w)):
        try:
            split(word)
        except (BadRequest, BadFile) as error:
            assert "\n" not in str(error).replace(word, "") or "\n" in word


def test_settings_are_keys_and_values() -> None:
    assert split_settings(["steps=5", "task.ema=0.9", "note=a=b", "steps=7"]) == {
        "steps": "7",
        "task.ema": "0.9",
        "note": "a=b",
    }
    with pytest.raises(BadRequest, match="key=value"):
        split_settings(["steps"])


def test_a_square_of_a_photo_is_a_centre_a_side_and_perhaps_a_turn() -> None:
    assert square_of("120,80.5,64") == FaceFrame(120.0, 80.5, 64.0)
    assert square_of("120, 80, 64, -30") == FaceFrame(120.0, 80.0, 64.0, -30.0)
    for word in ("", "1,2", "1,2,0", "1,2,x", "1,2,3,4,5"):
        with pytest.raises(BadRequest, match="--crop"):
            square_of(word)
