"""What a style that is kept may be called: its label, and the file that it comes from or the colour that one sees."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

import numpy as np

from app.library.samples import sample_colours
from app.raster.colours import lab
from app.shell.i18n import mark, tr
from app.texts.label_names import name_of
from engine.labels.label_sets import LabelSet
from engine.requests.style_file import SUFFIX
from engine.requests.styles import ColourStyle, ImageStyle, Style

NEAR = 12.0
"""How far, in CIE Lab, a colour may be from one of the samples to have its name."""

COLOUR_WORDS = {
    mark("black"): "#141414", mark("dark grey"): "#4a4a4a", mark("grey"): "#808080", mark("light grey"): "#b8b8b8",
    mark("white"): "#f2f2f2", mark("dark brown"): "#3b2a20", mark("brown"): "#6f4a30", mark("light brown"): "#a17a55",
    mark("beige"): "#d8c3a0", mark("dark red"): "#6b1420", mark("red"): "#c02830", mark("light red"): "#e58078",
    mark("orange"): "#e07a28", mark("blonde"): "#c8a462", mark("yellow"): "#e6cf3c", mark("olive"): "#6f7030",
    mark("dark green"): "#1f4a2c", mark("green"): "#3f9a48", mark("light green"): "#9fd08a", mark("teal"): "#2a8a8a",
    mark("light blue"): "#8fbce6", mark("blue"): "#2f62c0", mark("dark blue"): "#1c2c58", mark("purple"): "#6f3a90",
    mark("lilac"): "#b79ad6", mark("pink"): "#e28fb4", mark("magenta"): "#b82a80",
}  # fmt: skip


def proposed_name(
    style: Style, label: int, label_set: LabelSet, *, seen: tuple[int, int, int] | None, taken: Collection[str] = ()
) -> str:
    """A name for a style of ``label``. ``seen``: the mean colour, 0-255 each, of what it looks like, None where that
    is not known. ``taken``: names that others have; a number tells it from these."""
    name = name_of(label_set, label)
    if isinstance(style, ImageStyle) and style.path:
        file_name = PurePosixPath(style.path.replace("\\", "/")).name
        if file_name.endswith(SUFFIX):
            name = file_name.partition(".")[0]  # of the library already
        else:
            name = tr("{0}, {1}").format(name, PurePosixPath(file_name).stem)
    elif isinstance(style, ColourStyle):
        channels = tuple(round(255 * channel) for channel in style.rgb())
        name = tr("{0}, {1}").format(name, colour_word(channels, label, label_set))
    elif seen is not None:
        name = tr("{0}, {1}").format(name, colour_word(seen, label, label_set))
    return _told_apart(name, taken)


def colour_word(channels: tuple[int, ...], label: int, label_set: LabelSet) -> str:
    """What people call a colour (R, G, B), 0-255, of such a region, in the language of the user interface."""
    colour = lab([channels])
    samples = sample_colours(label_set, label)
    if samples:
        distances = np.linalg.norm(lab([_channels(sample.colour) for sample in samples]) - colour, axis=1)
        if distances.min() < NEAR:
            return samples[int(distances.argmin())].text().lower()
    distances = np.linalg.norm(lab([_channels(code) for code in COLOUR_WORDS.values()]) - colour, axis=1)
    return tr([*COLOUR_WORDS][int(distances.argmin())])


def _channels(code: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(code.removeprefix("#")))


def _told_apart(name: str, taken: Collection[str]) -> str:
    number, numbered = 1, name
    while numbered in taken:
        number += 1
        numbered = f"{name} {number}"
    return numbered
