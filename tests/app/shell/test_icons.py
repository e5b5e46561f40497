"""Icons: one drawing in the palette's colours."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.shell import icons


def _colours(pixmap: QPixmap) -> set[str]:
    """Of the pixels that are not see-through at all."""
    image = pixmap.toImage()
    points = [(x, y) for x in range(image.width()) for y in range(image.height())]
    return {image.pixelColor(x, y).name() for x, y in points if image.pixelColor(x, y).alpha() == 255}


def test_each_mode_has_its_colour_of_the_palette(qapp):
    palette = QPalette()
    palette.setColor(QPalette.ColorGroup.Active, QPalette.ColorRole.ButtonText, QColor("#112233"))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText, QColor("#445566"))
    palette.setColor(QPalette.ColorGroup.Active, QPalette.ColorRole.HighlightedText, QColor("#778899"))
    icon = icons.make_icon("bucket", palette)
    for mode, colour in (
        (QIcon.Mode.Normal, "#112233"),
        (QIcon.Mode.Active, "#112233"),
        (QIcon.Mode.Disabled, "#445566"),
        (QIcon.Mode.Selected, "#778899"),
    ):
        assert [size.width() for size in icon.availableSizes(mode)] == list(icons.SIZES)
        assert _colours(icon.pixmap(QSize(64, 64), 1.0, mode)) == {colour}


def test_an_icon_is_drawn_once_for_each_size(qapp, monkeypatch: pytest.MonkeyPatch):
    """The window has 48 icons in 7 sizes and 4 modes, which it draws before it is shown."""
    drawn = []

    class Counting(QSvgRenderer):
        def render(self, painter, rectangle):
            drawn.append(rectangle.width())
            super().render(painter, rectangle)

    monkeypatch.setattr(icons, "QSvgRenderer", Counting)
    icons.make_icon("undo", QPalette())
    assert drawn == list(icons.SIZES)


def test_strokes_that_cross_are_no_denser_in_a_faint_colour(qapp):
    faint = QColor(255, 255, 255, 120)
    image = icons.tinted("bucket", faint, 96).toImage()
    opacities = [image.pixelColor(x, y).alpha() for x in range(96) for y in range(96)]
    assert max(opacities) == 120
