"""The icon set: one-colour SVG files under ``resources/icons``, tinted from the palette.

A QIcon holds ready pixmaps, so a change of theme must make them again: ``Icons.bind(target, name)``
remembers who shows which icon, and ``refresh`` sets it again when the theme has changed the
palette. (A QIconEngine written in Python would tint by itself, but crashes when Qt copies it.)
"""

from __future__ import annotations

import weakref
from functools import cache
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from engine.files import resource

SIZES = (16, 20, 24, 32, 40, 48, 64)  # what is shown at 12 to 24 pixels, on screens of 100 to 250 %


class TakesIcon(Protocol):
    """Anything with ``setIcon``: actions, buttons, tabs."""

    def setIcon(self, icon: QIcon, /) -> None: ...


@cache
def svg_text(icon_name: str) -> str:
    """The SVG source of one icon.

    Raises:
        FileNotFoundError: there is no such icon; icon names are ours, so this is a programming error.
    """
    return Path(resource("icons", f"{icon_name}.svg")).read_text(encoding="utf-8")


def tinted(icon_name: str, colour: QColor, side_pixels: int, pixel_ratio: float = 1.0) -> QPixmap:
    """One icon as a pixmap of ``side_pixels`` device-independent pixels in ``colour``."""
    pixmap = _in_colour(_shape(_renderer(icon_name), max(1, round(side_pixels * pixel_ratio))), colour)
    pixmap.setDevicePixelRatio(pixel_ratio)
    return pixmap


def make_icon(icon_name: str, palette: QPalette, *, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """An icon for every size and mode in the colours of ``palette``."""
    normal = palette.color(QPalette.ColorGroup.Active, role)
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    selected = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.HighlightedText)
    renderer = _renderer(icon_name)
    icon = QIcon()
    for side_pixels in SIZES:
        shape = _shape(renderer, side_pixels)  # drawn once for all modes: a window has 1000 pixmaps of icons
        normal_pixmap = _in_colour(shape, normal)
        icon.addPixmap(normal_pixmap, QIcon.Mode.Normal)
        icon.addPixmap(normal_pixmap, QIcon.Mode.Active)
        icon.addPixmap(_in_colour(shape, disabled), QIcon.Mode.Disabled)
        icon.addPixmap(_in_colour(shape, selected), QIcon.Mode.Selected)
    return icon


def _renderer(icon_name: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(svg_text(icon_name).encode("utf-8")))


def _shape(renderer: QSvgRenderer, pixels: int) -> QPixmap:
    """An icon as black on nothing, ``pixels`` a side."""
    shape = QPixmap(pixels, pixels)
    shape.fill(Qt.GlobalColor.transparent)
    with QPainter(shape) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter, QRectF(0, 0, pixels, pixels))
    return shape


def _in_colour(shape: QPixmap, colour: QColor) -> QPixmap:
    """The shape in a colour, its opacity multiplied by the colour's."""
    pixmap = QPixmap(shape)
    with QPainter(pixmap) as painter:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(pixmap.rect(), colour)
    return pixmap


class Icons(QObject):
    """Gives out icons in the colours of the application's palette and keeps them in step with it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cache: dict[tuple[str, QPalette.ColorRole], QIcon] = {}
        self._bound: list[tuple[weakref.ref[object], str, QPalette.ColorRole]] = []

    def icon(self, icon_name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
        """The icon ``icon_name`` in the palette's colour for ``role``."""
        cache_key = (icon_name, role)
        if cache_key not in self._cache:
            self._cache[cache_key] = make_icon(icon_name, QGuiApplication.palette(), role=role)
        return self._cache[cache_key]

    def bind(self, target: TakesIcon, icon_name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> None:
        """Set the icon on ``target`` now and again whenever the palette changes."""
        self._bound = [entry for entry in self._bound if entry[0]() not in (None, target)]
        self._bound.append((weakref.ref(target), icon_name, role))
        target.setIcon(self.icon(icon_name, role))

    def refresh(self) -> None:
        """Make all icons again; the theme calls this when it has changed the palette."""
        self._cache.clear()
        living_bindings = []
        for reference, icon_name, role in self._bound:
            target = reference()
            if target is None:
                continue
            try:
                target.setIcon(self.icon(icon_name, role))  # type: ignore[attr-defined]
            except RuntimeError:  # the Qt object behind the Python one is gone
                continue
            living_bindings.append((reference, icon_name, role))
        self._bound = living_bindings


_icons: list[Icons] = []


def icons() -> Icons:
    """The application's icon set, made on first use (needs a QGuiApplication)."""
    application = QGuiApplication.instance()
    if not _icons or _icons[0].parent() is not application:
        _icons[:] = [Icons(application)]
    return _icons[0]


def app_icon() -> QIcon:
    """Tessera's own icon, in its own colours, for title bars and task bars."""
    icon = QIcon()
    renderer = QSvgRenderer(str(resource("icons", "app", "tessera.svg")))
    for side_pixels in (16, 24, 32, 48, 64, 128, 256):
        pixmap = QPixmap(side_pixels, side_pixels)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        icon.addPixmap(pixmap)
    return icon
