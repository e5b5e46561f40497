"""The tiles of the results strip: a Qt model over the document's kept pictures, and how one is painted."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.document.document import Document
from app.document.results import Result
from app.imaging.pixels import to_qimage
from app.panels.result_search import is_found, label_texts
from app.panels.rows import Index
from app.shell.i18n import tr
from app.shell.icons import tinted
from engine.pictures.images import resize_image

NUMBER_ROLE = Qt.ItemDataRole.UserRole + 1
TILE_ROLE = Qt.ItemDataRole.UserRole + 2

SIDE = 84
SHARP = 2 * SIDE  # what thumbnails are made at, for screens of 200 %
GAP = 8
STAR = 18


@dataclass(frozen=True)
class Tile:
    """What one tile shows."""

    number: int
    image: QImage
    starred: bool
    present: bool  # the document is this very picture now


class ResultModel(QAbstractListModel):
    """The kept pictures, newest first."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._results: tuple[Result, ...] = ()
        self._images: dict[bytes, QImage] = {}
        self._texts: dict[bytes, tuple[str, ...]] = {}  # that a search looks in
        self._words, self._only_starred = "", False
        self._present = 0
        document.results_changed.connect(self.refresh)
        document.replaced.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """The pictures have changed. Tiles that stay are updated one by one, so that a choice of tiles survives."""
        new_results = tuple(result for result in reversed(self._document.results) if self._is_shown(result))
        old_numbers, wanted_numbers = [r.number for r in self._results], [r.number for r in new_results]
        if [n for n in old_numbers if n in wanted_numbers] == [n for n in wanted_numbers if n in old_numbers]:
            self._take_out(
                [row for row, picture_number in enumerate(old_numbers) if picture_number not in wanted_numbers]
            )
            for row, result in enumerate(new_results):
                if result.number not in old_numbers:
                    self.beginInsertRows(QModelIndex(), row, row)
                    self._results = (*self._results[:row], result, *self._results[row:])
                    self.endInsertRows()
            self._results = new_results
            self.redraw()
        else:
            self.beginResetModel()
            self._results = new_results
            self.endResetModel()
        kept_keys = {result.key for result in self._document.results}
        self._images = {key: image for key, image in self._images.items() if key in kept_keys}
        self._texts = {key: texts for key, texts in self._texts.items() if key in kept_keys}

    def search(self, words: str, *, only_starred: bool) -> None:
        """Show only the pictures that are found (`app.panels.result_search`); all of them for no words."""
        self._words, self._only_starred = words.strip(), only_starred
        self.refresh()

    def _is_shown(self, result: Result) -> bool:
        if self._only_starred and not result.starred:
            return False
        if not self._words:
            return True
        if result.key not in self._texts:
            self._texts[result.key] = label_texts(result.scene)
        return is_found(result, self._texts[result.key], self._words)

    def set_present(self, picture_number: int) -> None:
        """Which picture the document shows now; 0: none of these."""
        if picture_number != self._present:
            self._present = picture_number
            self.redraw()

    @property
    def present(self) -> int:
        return self._present

    def index_of(self, picture_number: int) -> QModelIndex:
        """The index of a picture's tile; invalid where it is not kept."""
        numbers = [result.number for result in self._results]
        return self.index(numbers.index(picture_number), 0) if picture_number in numbers else QModelIndex()

    def redraw(self) -> None:
        if self._results:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._results) - 1, 0))

    def _take_out(self, rows: list[int]) -> None:
        for row in reversed(rows):
            self.beginRemoveRows(QModelIndex(), row, row)
            self._results = (*self._results[:row], *self._results[row + 1 :])
            self.endRemoveRows()

    # --- Qt's side ----------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._results)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._results):
            return None
        result = self._results[index.row()]
        if role == NUMBER_ROLE:
            return result.number
        if role == TILE_ROLE:
            return Tile(result.number, self._image(result), result.starred, result.number == self._present)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            caption = tr("Picture {0}").format(result.number)
            return tr("{0}, {1}").format(caption, tr("starred")) if result.starred else caption
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(result)
        return None

    def _image(self, result: Result) -> QImage:
        if result.key not in self._images:
            step = max(1, min(result.pixels.shape[:2]) // (2 * SHARP))  # in the GUI thread: large ones are thinned out
            pixels = result.pixels[::step, ::step]
            height, width = pixels.shape[:2]
            scale_factor = SHARP / max(height, width)
            size = max(1, round(height * scale_factor)), max(1, round(width * scale_factor))
            self._images[result.key] = to_qimage(resize_image(np.ascontiguousarray(pixels), *size))
        return self._images[result.key]

    def _tip(self, result: Result) -> str:
        height, width = result.pixels.shape[:2]
        tip_lines = [
            tr("Picture {0}, {1}").format(result.number, time.strftime("%H:%M:%S", time.localtime(result.made))),
            tr("{0} x {1} pixels, {2}, seed {3}").format(width, height, result.scene.weights, result.scene.seed),
            tr("Double-click or Enter: bring back everything that made it"),
            tr("S: star it, so that it stays. C: compare it. Delete: throw it away"),
        ]
        return "\n".join(tip_lines)


class ResultDelegate(QStyledItemDelegate):
    """Draws picture, star and number; says when the star was clicked."""

    star_clicked = Signal(int)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(SIDE + GAP, SIDE + GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tile = index.data(TILE_ROLE)
        if not isinstance(tile, Tile):
            return
        palette: QPalette = option.palette
        state: QStyle.StateFlag = option.state
        rectangle: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        picture_box = square(rectangle)
        rounded_path = QPainterPath()
        rounded_path.addRoundedRect(picture_box, 6, 6)
        painter.setClipPath(rounded_path)
        painter.fillPath(rounded_path, palette.color(QPalette.ColorRole.AlternateBase))
        size = tile.image.size().scaled(picture_box.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        covering_box = QRect(QPoint(0, 0), size)
        covering_box.moveCenter(picture_box.center())
        painter.drawImage(covering_box, tile.image)
        under_pointer = bool(state & QStyle.StateFlag.State_MouseOver)
        self._number(painter, picture_box, tile.number, option.font)
        if tile.starred or under_pointer:
            self._star(painter, picture_box, tile.starred)
        painter.setClipping(False)
        self._edge(painter, rounded_path, palette, state, tile.present)
        painter.restore()

    def _number(self, painter: QPainter, picture_box: QRect, picture_number: int, font: QFont) -> None:
        small_font = QFont(font)
        small_font.setPointSizeF(max(7.0, font.pointSizeF() - 2))
        painter.setFont(small_font)
        caption = str(picture_number)
        width = painter.fontMetrics().horizontalAdvance(caption) + 8
        badge = QRect(
            picture_box.left(),
            picture_box.bottom() - painter.fontMetrics().height() - 1,
            width,
            painter.fontMetrics().height() + 2,
        )
        painter.fillRect(badge, QColor(0, 0, 0, 140))
        painter.setPen(QColor(255, 255, 255))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, caption)

    def _star(self, painter: QPainter, picture_box: QRect, starred: bool) -> None:
        star_rectangle = star_rect(picture_box)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 120))
        painter.drawEllipse(star_rectangle.adjusted(-1, -1, 1, 1))
        tint = QColor(255, 205, 60) if starred else QColor(255, 255, 255)
        ratio = painter.device().devicePixelRatioF()
        icon = tinted("star-full" if starred else "star", tint, STAR - 5, ratio)
        painter.drawPixmap(star_rectangle.left() + 3, star_rectangle.top() + 2, icon)

    def _edge(
        self, painter: QPainter, rounded_path: QPainterPath, palette: QPalette, state: QStyle.StateFlag, present: bool
    ) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        text_colour = palette.color(QPalette.ColorRole.Text)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if present:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 3))
        elif selected:
            painter.setPen(QPen(text_colour, 2))
        else:
            faint_colour = QColor(text_colour)
            faint_colour.setAlphaF(0.20)
            painter.setPen(QPen(faint_colour, 1))
        painter.drawPath(rounded_path)
        if selected and present:  # both: a line inside the frame; no veil, colours are what is being judged
            inner_path = QPainterPath()
            inner_path.addRoundedRect(rounded_path.boundingRect().adjusted(3, 3, -3, -3), 4, 4)
            painter.setPen(QPen(text_colour, 1))
            painter.drawPath(inner_path)

    def click(self, event: QMouseEvent, rectangle: QRect, index: Index) -> bool:
        """A press in a tile: on the star it says so and returns True."""
        if star_rect(square(rectangle)).adjusted(-4, -4, 4, 4).contains(event.position().toPoint()):
            self.star_clicked.emit(index.data(NUMBER_ROLE))
            return True
        return False


def square(rectangle: QRect) -> QRect:
    """Where a tile's picture is, from the tile's rectangle."""
    picture_box = QRect(0, 0, SIDE, SIDE)
    picture_box.moveCenter(rectangle.center())
    return picture_box


def star_rect(picture_box: QRect) -> QRect:
    return QRect(picture_box.right() - STAR - 3, picture_box.top() + 4, STAR, STAR)
