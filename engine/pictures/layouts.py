"""Layouts as pictures: boxes with the names of what is in them, for people to look at."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Array = np.ndarray
PAPER, INK = (250, 250, 250), (40, 40, 40)
HUES = 12

NamedBox = tuple[str, tuple[float, float, float, float]]
"""What is in a box, and its left, top, right, bottom as shares of the sides."""


def draw_layout(boxes: Sequence[NamedBox], side: int = 384, sentence: str = "") -> Array:
    """(H, side, 3) uint8: a square with the boxes, the largest below, under the sentence."""
    font = ImageFont.load_default(max(9, side // 28))
    line_height = round(side / 20)
    lines = textwrap.wrap(sentence, max(12, side // 7))
    top = line_height * len(lines)
    picture = Image.new("RGB", (side, side + top), PAPER)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((4, number * line_height), line, fill=INK, font=font)
    for name, box in sorted(boxes, key=lambda entry: (entry[1][0] - entry[1][2]) * (entry[1][3] - entry[1][1])):
        left, upper, right, lower = (round(share * (side - 1)) for share in box)
        colour = _colour_of(name)
        corners = (left, upper + top, max(left + 1, right), max(upper + 1, lower) + top)
        pen.rectangle(corners, outline=colour, width=max(1, side // 160))
        pen.text((left + 3, upper + top + 1), name, fill=colour, font=font)
    return np.asarray(picture)


def _colour_of(name: str) -> tuple[int, int, int]:
    """A colour that a name always has."""
    hue = sum(name.encode()) % HUES / HUES * 6
    channels = [max(0.0, min(1.0, abs((hue + shift) % 6 - 3) - 1)) for shift in (0, 4, 2)]
    return tuple(round(30 + 170 * channel) for channel in channels)  # type: ignore[return-value]
