"""Label maps that were drawn for a picture as it is stored, where EXIF data turn the picture when it is shown.

Cameras store pictures lying and say how to turn them. A tool that passes over this draws its maps for the lying
picture, and every pixel is then learnt with a wrong label.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import Message
from engine.pictures.rasters import load_raster, read_header

Array = np.ndarray
COMPARED_SIDE = 64
CLEARLY = 0.1
"""By so much more of a picture's variance must a map's labels explain before the map is taken for the stored one's."""
SAME_SHAPE = 0.02


def turned_away(image_path: Path, map_path: Path) -> Message | None:
    """Why a label map does not lie on its picture although its size may fit, as a sentence; None where it does.

    By headers alone unless EXIF data turn the picture. Raises BadFile.
    """
    header = read_header(image_path)
    if header.orientation == 1:
        return None
    width, height = header.size
    map_width, map_height = read_header(map_path).size
    fits_upright = _same_shape(map_width, map_height, width, height)
    fits_stored = _same_shape(map_width, map_height, *((height, width) if header.orientation >= 5 else (width, height)))
    if fits_stored and (not fits_upright or _explains_stored_better(image_path, map_path)):
        return Message(
            '"{0}" was drawn for the picture "{1}" as it is stored, which its EXIF data turn; save the picture turned '
            "upright without them, or turn the label map.",
            map_path, image_path.name,
        )
    return None


def _same_shape(width: int, height: int, other_width: int, other_height: int) -> bool:
    return abs(width * other_height - other_width * height) <= SAME_SHAPE * other_width * height


def _explains_stored_better(image_path: Path, map_path: Path) -> bool:
    raster = load_raster(image_path, shrink_to=2 * COMPARED_SIDE)
    stored = raster.image.convert("RGB")
    map_image = load_raster(map_path).turned()
    coded = map_image if map_image.mode in ("P", "L") else map_image.convert("RGB")
    side = (COMPARED_SIDE, COMPARED_SIDE)
    values = np.asarray(coded.resize(side, Image.Resampling.NEAREST)).reshape(COMPARED_SIDE**2, -1)
    labels = np.unique(values, axis=0, return_inverse=True)[1].reshape(-1)
    upright_share, stored_share = (
        _explained_share(np.asarray(picture.resize(side, Image.Resampling.BOX)), labels)
        for picture in (raster.turned(stored), stored)
    )
    return stored_share > upright_share + CLEARLY


def _explained_share(pixels: Array, labels: Array) -> float:
    """How much of the variance of colours (h, w, 3) lies between the labels (h * w,), 0 to 1."""
    colours = pixels.reshape(-1, 3).astype(np.float64)
    colours -= colours.mean(axis=0)
    counts = np.bincount(labels)
    sums = np.stack([np.bincount(labels, colours[:, channel]) for channel in range(3)], axis=1)
    return float((sums**2 / counts[:, None]).sum() / max(1e-9, (colours**2).sum()))
