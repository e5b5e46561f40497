"""Drawn photos for tests of compositions: a dark disc of "hair" with strands on a bright ground, and its label map."""

from __future__ import annotations

import numpy as np

from engine.compose.change import RegionChange, region_change
from engine.compose.mattes import region_mattes, soft_labels
from engine.compose.samples import as_colours
from engine.compose.tones import Tones

Array = np.ndarray
GROUND, HAIR, SKIN = 0, 1, 2


def drawn_photo(height: int, width: int, seed: int = 0) -> tuple[Array, Array]:
    """(H, W, 3) uint8 and (H, W) ids."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot((y - 0.42 * height) / height, (x - 0.5 * width) / width)
    label_map = np.full((height, width), GROUND, np.uint8)
    label_map[away < 0.34] = HAIR
    label_map[np.hypot((y - 0.55 * height) / height, (x - 0.5 * width) / width) < 0.2] = SKIN
    photo = np.empty((height, width, 3))
    photo[label_map == GROUND] = (200, 210, 225)
    photo[label_map == HAIR] = (60, 42, 30)
    photo[label_map == SKIN] = (205, 160, 135)
    strands = 18 * np.sin(x * 1.3 + 3 * np.sin(y / 9)) * (label_map == HAIR)
    photo += strands[..., None] + 20 * (x / width - 0.5)[..., None] + rng.normal(0, 3, photo.shape)
    return np.clip(photo, 0, 255).astype(np.uint8), label_map


BLOND = Tones(
    lightness=np.linspace(45, 85, 41),
    chroma=np.stack([np.linspace(4, 8, 101), np.linspace(8, 36, 101)], axis=1),
    deviation=np.array([2.0, 3.0]),
    detail=5.0,
    mean=np.array([65.0, 6.5, 26.0]),
)


def blond_hair(photo: Array, label_map: Array, labels: tuple[int, ...] = (HAIR,)) -> list[RegionChange]:
    """Changes of a small photo (h, w, 3) uint8 that make the regions of `labels` blond."""
    colours = as_colours(photo)
    mattes = region_mattes(colours, soft_labels(label_map, 3), label_map, labels)
    return [region_change(colours, label_map, label, mattes[label], BLOND) for label in labels]
