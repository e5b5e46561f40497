"""What the canvas draws is made as far as it is seen."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage

from app.canvas.images import PictureImage, TableImage
from app.raster.boxes import Box
from tests.app.pictures import to_array


def drawn(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height + width).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("shape", [(64, 96), (33, 65), (1, 9), (7, 3)])
def test_a_picture_is_shown_as_it_is_where_it_is_not_reduced(shape):
    pixels = drawn(*shape)
    assert np.array_equal(to_array(PictureImage(pixels).at_scale(1.0)), pixels)


def test_a_picture_seen_small_is_halved_without_a_copy_of_its_full_size():
    """A photo of 67 megapixels was made ready at full size each time that its picture changed, and the window stood."""
    pixels = drawn(64, 97)
    picture = PictureImage(pixels)
    quarter = to_array(picture.at_scale(0.2))
    means = pixels[:, :96].reshape(32, 2, 48, 2, 3).mean((1, 3))
    assert quarter.shape == (16, 24, 3)
    assert np.abs(quarter - means.reshape(16, 2, 24, 2, 3).mean((1, 3))).max() <= 1
    assert [image.width() for image in vars(picture)["_images"].values() if isinstance(image, QImage)] == [24]


def test_a_label_map_is_seen_through_its_table_and_followed():
    label_map = np.random.default_rng(1).integers(0, 256, (130, 70), np.uint8)
    table = np.random.default_rng(2).integers(0, 2**32, 256, np.uint64).astype(np.uint32)
    seen = TableImage(label_map, table)

    def words() -> np.ndarray:
        return np.frombuffer(seen.image.constBits(), np.uint32).reshape(130, 70)

    assert np.array_equal(words(), table[label_map])
    label_map[60:90, 5:40] = 3
    seen.update(Box(5, 60, 40, 90))
    assert np.array_equal(words(), table[label_map])
    seen.update(Box(5, 60, 5, 60))  # nothing
    seen.set_table(table[::-1].copy())
    assert np.array_equal(words(), table[::-1][label_map])
