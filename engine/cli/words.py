"""Taking apart what is written for --style, --styles, --mix, --relabel, --crop and --set.

Paths may hold any of the separators ("C:\\a=b@c.png"), so a file that exists always wins over a
reading that splits its name. Pure functions; nothing is opened.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass

from engine.errors import BadFile, BadRequest
from engine.pictures.face_frames import FaceFrame


@dataclass(frozen=True)
class StyleFile:
    """A picture, and the label map file that goes with it (None: the parser finds it)."""

    picture: str
    label_map: str | None = None


@dataclass(frozen=True)
class Drawn:
    """A style drawn with that seed: the word "sample:7"."""

    seed: int


@dataclass(frozen=True)
class Mean:
    """The mean style: the word "mean"."""


StyleWord = StyleFile | Drawn | Mean
Point = tuple[int, int]
"""x and y of a pixel, from the left and from the top."""


def split_label(option_name: str, word: str) -> tuple[str, str]:
    """("hair", "a=b.png") of "hair=a=b.png": a label's name or id never holds an equals sign."""
    label_name, separator, style_word = word.partition("=")
    if not separator or not label_name.strip() or not style_word:
        raise BadRequest(
            '{0} "{1}" should read LABEL=FILE, for example {2} hair=photo.jpg.', option_name, word, option_name
        )
    return label_name.strip(), style_word


def split_point(name: str) -> tuple[str, Point | None]:
    """("window", (120, 80)) of "window@120,80": a piece of a label, by a pixel of it. No label's name holds an @."""
    written = re.fullmatch(r"(.+)@([0-9]{1,6}),([0-9]{1,6})", name)
    return (name, None) if written is None else (written[1], (int(written[2]), int(written[3])))


def split_style_file(option_name: str, word: str) -> StyleFile:
    """The picture and label map of "FILE" or "FILE@LABELMAP"; both must exist."""
    if os.path.isfile(word):
        return StyleFile(word)
    separators = [position for position, character in enumerate(word) if character == "@"]
    possible_files = [
        (word[:position], word[position + 1 :]) for position in reversed(separators) if 0 < position < len(word) - 1
    ]
    for picture, label_map in possible_files:
        if os.path.isfile(picture) and os.path.isfile(label_map):
            return StyleFile(picture, label_map)
    for picture, label_map in possible_files:
        if os.path.isfile(picture):
            raise BadFile(
                '{0}: there is no label map file "{1}" for the picture "{2}".', option_name, label_map, picture
            )
    raise BadFile(
        '{0}: there is no file "{1}"; check the path.', option_name, possible_files[0][0] if possible_files else word
    )


def split_style(option_name: str, word: str) -> StyleWord:
    """What "FILE[@LABELMAP]", "sample:SEED" or "mean" says; a file of that name wins."""
    if os.path.isfile(word):
        return StyleFile(word)
    if word == "mean":
        return Mean()
    if word.startswith("sample:"):
        seed_digits = word.removeprefix("sample:")
        if not seed_digits.isascii() or not seed_digits.isdigit() or int(seed_digits) >= 2**63:
            raise BadRequest('{0}: "{1}" should read sample:SEED, for example sample:7.', option_name, word)
        return Drawn(int(seed_digits))
    return split_style_file(option_name, word)


def split_relabel(word: str) -> tuple[str, str]:
    """("building", "tree") of "building=tree"."""
    old_label, _, new_label = word.partition("=")
    if not old_label.strip() or not new_label.strip():
        raise BadRequest('--relabel "{0}" should read LABEL=LABEL, for example --relabel building=tree.', word)
    return old_label.strip(), new_label.strip()


def split_mix(word: str) -> tuple[str, StyleWord, float]:
    """(label, style, amount) of "LABEL=STYLE:AMOUNT"; the amount stands behind the last colon."""
    label_name, style_and_amount = split_label("--mix", word)
    style_word, _, amount_text = style_and_amount.rpartition(":")
    try:
        amount = float(amount_text) if style_word and style_word != "sample" else math.nan
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise BadRequest(
            '--mix "{0}" should end in a colon and how much of the style to take, for example --mix '
            "{1}=photo.jpg:0.4.",
            word, label_name,
        )
    if not -1 <= amount <= 2:
        raise BadRequest('--mix "{0}": the amount {1} is outside -1 to 2.', word, amount_text)
    return label_name, split_style("--mix", style_word), amount


def split_settings(words: list[str]) -> dict[str, str]:
    """{key: value} of "key=value" words for --set; a key given twice keeps its last value."""
    settings = {}
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or not key.strip():
            raise BadRequest('--set "{0}" should read key=value, for example --set steps=2000.', word)
        settings[key.strip()] = value
    return settings


def square_of(crop: str) -> FaceFrame:
    """What --crop says, in pixels. Raises BadRequest: it says something else."""
    try:
        numbers = [float(word) for word in crop.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (3, 4) or not numbers[2] > 0:
        raise BadRequest('--crop "{0}" should be X,Y,SIDE or X,Y,SIDE,TURN: numbers of pixels, and degrees.', crop)
    square = FaceFrame(*numbers)
    if not -180 <= square.turn <= 180:
        raise BadRequest("The turn of --crop is {0} degrees; give one from -180 to 180.", square.turn)
    return square
