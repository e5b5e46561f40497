"""What people call the colour of a region, judged in Oklab (Ottosson 2020, "A perceptual color space for image
processing"), where equal distances look about equally far apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

MOST_PIXELS = 4096
"""Of a region that are looked at, evenly spread."""
ONE_COLOUR, TWO_COLOURS, SECOND_COLOUR = 0.5, 0.75, 0.25
"""Shares of a region: of the colour that names it alone; of two that name it together, and of the second at least."""

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(pixels: Array) -> Array:
    """(..., 3) uint8 sRGB -> (..., 3) Oklab: lightness 0..1, green to red, blue to yellow."""
    encoded = pixels.astype(np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONES.T) @ _TO_OKLAB.T


@dataclass(frozen=True)
class Palette:
    """Names of colours and what each looks like.

    examples: by name, colours as "rrggbb" that are called so; a pixel has the name of the nearest.
    dark, light: names that have shades, with the lightness below or above which a region's is told ("dark blue").
    """

    examples: Mapping[str, str]
    dark: Mapping[str, float]
    light: Mapping[str, float]

    def __post_init__(self) -> None:
        rows = [(name, bytes.fromhex(code)) for name, codes in self.examples.items() for code in codes.split()]
        object.__setattr__(self, "_row_names", np.array([list(self.examples).index(name) for name, _ in rows]))
        object.__setattr__(self, "_rows", oklab(np.array([list(code) for _, code in rows], np.uint8)))

    def names(self) -> tuple[str, ...]:
        """All that a region's colour can be called."""
        dark_names = [f"dark {name}" for name in self.dark]
        return (*self.examples, *dark_names, *(f"light {name}" for name in self.light))

    def colours_of(self, pixels: Array) -> tuple[str, ...]:
        """What the colour of these pixels (N, 3) uint8 is called: one name, two (the larger first), or none at all."""
        if not len(pixels):
            return ()
        looked_at = oklab(pixels[:: -(-len(pixels) // MOST_PIXELS)])
        distances = ((looked_at[:, None] - self._rows) ** 2).sum(axis=2)  # type: ignore[attr-defined]
        name_numbers = self._row_names[distances.argmin(axis=1)]  # type: ignore[attr-defined]
        shares = np.bincount(name_numbers, minlength=len(self.examples)) / len(name_numbers)
        first, second = np.argsort(-shares, kind="stable")[:2]
        if shares[first] >= ONE_COLOUR:
            chosen = [first]
        elif shares[second] >= SECOND_COLOUR and shares[first] + shares[second] >= TWO_COLOURS:
            chosen = [first, second]
        else:
            return ()
        return tuple(self._shaded(int(number), looked_at[name_numbers == number, 0]) for number in chosen)

    def _shaded(self, name_number: int, lightness: Array) -> str:
        name, median = list(self.examples)[name_number], float(np.median(lightness))
        if median < self.dark.get(name, 0.0):
            return f"dark {name}"
        return f"light {name}" if median > self.light.get(name, 1.0) else name


PLAIN = Palette(
    examples={
        "black": "0a0a0a 1c1c1c 282828",
        "white": "ffffff eeeeee",
        "grey": "808080 4c4c4c 666666 a0a0a0 bcbcbc d4d4d4",
        "red": "e02020 a01818 c83c3c 701414",
        "orange": "f08020 d06a1c f0a050",
        "brown": "7a4a24 4a2e18 9a6a44 6a5442",
        "beige": "d8c4a0 c2ad8c e6d8c0",
        "yellow": "f2dc30 d8b828 f0e080",
        "green": "30a040 1e5a28 7ab04a 4e6432 22361c a0c890",
        "blue": "2050d0 142a6a 5a9ae0 a8c8ec 46688c 20304c",
        "purple": "7a30a0 4c2460 a070c0",
        "pink": "f090b0 e04890 f0c0cc",
    },
    dark={"grey": 0.46, "red": 0.42, "brown": 0.38, "green": 0.38, "blue": 0.38, "purple": 0.36},
    light={"grey": 0.76, "green": 0.76, "blue": 0.76, "purple": 0.7},
)
HAIR = Palette(
    examples={
        "black": "0c0b0a 1c1816 282220",
        "brown": "3c2a20 52392a 6e5140 86644c",
        "blond": "c8a468 a8864e e0c890 b89a70",
        "red": "8a3c1c a8502c 6e2a14",
        "grey": "8a8886 6a6868 a4a2a0",
        "white": "e8e6e4 cac8c6",
    },
    dark={"brown": 0.36},
    light={"brown": 0.5},
)
