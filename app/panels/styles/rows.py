"""The list of the styles panel: every label with its style's thumbnail and where that comes from."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QModelIndex, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.document.document import Document
from app.document.style_scope import StyleScope
from app.imaging.mime import style_mime
from app.imaging.thumbnails import Place, Thumbnails
from app.panels.rows import ROW_ROLE, Index, LabelRowsModel, paint_row_ground, row_box
from app.panels.styles.looks import placeholder_icon
from app.shell.i18n import tr
from app.shell.icons import tinted
from engine.requests.styles import MeanStyle, Style

SIDE = 36
ICON = 18
GRIP = (-5, -10, 5, 10)  # dice and lock are easier to hit than to see


@dataclass(frozen=True)
class StyleRow:
    """What one row shows."""

    label: int
    name: str
    colour: tuple[int, int, int]
    source: str
    style: Style
    locked: bool
    place: Place
    dice: bool  # it can be rolled now

    @property
    def mean(self) -> bool:
        return isinstance(self.style, MeanStyle)


class StyleModel(LabelRowsModel):
    """The labels that are in the map or have a style of their own, in the order of their ids, each with its pieces
    below; one row where one style decides the whole picture."""

    def __init__(self, document: Document, scope: StyleScope, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._scope = scope
        self._labels: list[int] = []
        document.style_locks_changed.connect(self.redraw)
        document.weights_changed.connect(self._rebuild)
        document.replaced.connect(self._rebuild)
        document.styles_changed.connect(self._styles_changed)
        document.pieces_changed.connect(self._styles_changed)
        document.label_map_changed.connect(self._maybe_rebuild)
        self._rebuild()

    def index_of(self, label_id: int) -> QModelIndex:
        """The index of a label's row; invalid when the label is not listed."""
        if self._scope.whole_picture:
            return self.index(0, 0)
        return super().index_of(label_id)

    def row(self, label_id: int) -> StyleRow:
        """What the row of a region shows."""
        label_set, label = self._document.label_set, self._document.regions.label_of(label_id)
        style = self._document.style(label_id)
        source_text = self._scope.source(label_id)
        locked = self._scope.locked(label_id)
        return StyleRow(
            label=label_id,
            name=self._scope.name(label_id),
            colour=label_set.labels[label].colour,
            source=source_text,
            style=style,
            locked=locked,
            place=Place(self._document.weights, label, self._document.fingerprint),
            dice=self._scope.abilities.samples and not locked,
        )

    def _wanted(self) -> list[int]:
        document = self._document
        styles = document.styles
        if self._scope.whole_picture:
            return [int(document.areas.argmax())]
        listed = [x.id for x in document.label_set.labels if document.areas[x.id] > 0 or x.id in styles]
        if not self._scope.takes_pieces:
            return listed
        return [region for label in listed for region in (label, *document.regions.pieces_of(label))]

    def _rebuild(self, *_: object) -> None:
        self.beginResetModel()
        self._labels = self._wanted()
        self.endResetModel()

    def _styles_changed(self, labels: frozenset[int]) -> None:
        if self._wanted() != self._labels:
            self._rebuild()
        else:
            self.redraw()

    def _maybe_rebuild(self) -> None:
        if self._wanted() != self._labels:
            self._rebuild()

    # --- Qt's side ----------------------------------------------------------------------------------

    def told(self, row: StyleRow, role: int) -> str | None:
        if role == Qt.ItemDataRole.AccessibleTextRole:
            text = tr("{0}, {1}").format(row.name, row.source)
            return tr("{0}, {1}").format(text, tr("locked")) if row.locked else text
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.name}\n{row.source}\n" + tr("Drop a picture here to use its style")
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDropEnabled
        row = self.row(self._labels[index.row()])
        return flags if row.mean else flags | Qt.ItemFlag.ItemIsDragEnabled

    def mimeData(self, indexes: list[QModelIndex]) -> QMimeData:  # type: ignore[override]
        return style_mime(self._labels[indexes[0].row()])

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction


class StyleDelegate(QStyledItemDelegate):
    """Draws the thumbnail, the label's name over its source, dice and lock; says when one of these was clicked."""

    dice_clicked = Signal(int)
    lock_clicked = Signal(int)

    def __init__(self, document: Document, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(220, max(SIDE + 10, 2 * option.fontMetrics.height() + 12))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, StyleRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        palette: QPalette = option.palette
        rectangle: QRect = option.rect
        state: QStyle.StateFlag = option.state
        ground_box = row_box(rectangle)
        paint_row_ground(painter, rectangle, palette, state)
        thumb_box = QRect(ground_box.left() + 8, ground_box.center().y() - SIDE // 2, SIDE, SIDE)
        self._thumb(painter, thumb_box, row, palette)
        button_rectangles = buttons(rectangle)
        under_pointer = bool(state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected))
        right_edge = (
            button_rectangles["dice"].left() if under_pointer and row.dice else button_rectangles["lock"].left()
        )
        right_edge = right_edge if under_pointer or row.locked else ground_box.right() - 2
        text = QRect(
            thumb_box.right() + 11, ground_box.top() + 3, right_edge - thumb_box.right() - 18, ground_box.height() - 6
        )
        self._buttons(painter, button_rectangles, row, palette, under_pointer)
        half_height = text.height() // 2
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        font_metrics = painter.fontMetrics()
        bottom_left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        elided_name = font_metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text.adjusted(0, 0, 0, -half_height), bottom_left, elided_name)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        source_text = font_metrics.elidedText(row.source, Qt.TextElideMode.ElideMiddle, text.width())
        painter.drawText(
            text.adjusted(0, half_height + 1, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, source_text
        )
        painter.restore()

    def _buttons(
        self,
        painter: QPainter,
        button_rectangles: dict[str, QRect],
        row: StyleRow,
        palette: QPalette,
        under_pointer: bool,
    ) -> None:
        pixel_ratio = painter.device().devicePixelRatioF()
        text, faint_text = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.PlaceholderText)
        if row.locked or under_pointer:
            icon = tinted("lock" if row.locked else "unlock", text if row.locked else faint_text, ICON, pixel_ratio)
            painter.drawPixmap(button_rectangles["lock"].topLeft(), icon)
        if row.dice and under_pointer:
            painter.drawPixmap(button_rectangles["dice"].topLeft(), tinted("dice", text, ICON, pixel_ratio))

    def click(self, press_point: QPoint, rectangle: QRect, index: Index) -> bool:
        """A press in a row: on dice or lock it says so and returns True."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, StyleRow):
            return False
        button_rectangles = buttons(rectangle)
        if button_rectangles["lock"].adjusted(*GRIP).contains(press_point):
            self.lock_clicked.emit(row.label)
            return True
        if row.dice and button_rectangles["dice"].adjusted(*GRIP).contains(press_point):
            self.dice_clicked.emit(row.label)
            return True
        return False

    def _thumb(self, painter: QPainter, rectangle: QRect, row: StyleRow, palette: QPalette) -> None:
        pixel_ratio = painter.device().devicePixelRatioF()
        rounded_path = QPainterPath()
        rounded_path.addRoundedRect(rectangle, 6, 6)
        pixmap: QPixmap | None = self._thumbnails.pixmap(
            row.style, self._document.label_set, SIDE, pixel_ratio, place=row.place
        )
        painter.save()
        painter.setClipPath(rounded_path)
        if pixmap is not None:
            painter.drawPixmap(rectangle, pixmap)
        else:
            ground_colour = QColor(*row.colour)
            ground_colour.setAlphaF(0.35)
            painter.fillPath(rounded_path, ground_colour)
            faint_text = palette.color(QPalette.ColorRole.PlaceholderText)
            icon = tinted(placeholder_icon(row.style), faint_text, 18, pixel_ratio)
            painter.drawPixmap(rectangle.center().x() - 8, rectangle.center().y() - 8, icon)
        painter.fillRect(QRect(rectangle.left(), rectangle.bottom() - 3, rectangle.width(), 4), QColor(*row.colour))
        painter.restore()
        edge_colour = QColor(palette.color(QPalette.ColorRole.Text))
        edge_colour.setAlphaF(0.18)
        painter.setPen(QPen(edge_colour, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(rounded_path)


def buttons(rectangle: QRect) -> dict[str, QRect]:
    """Where dice and lock of a row are, from the row's rectangle."""
    middle_y, right_edge = rectangle.center().y(), rectangle.right() - 12

    def square(x: int) -> QRect:
        return QRect(x, middle_y - ICON // 2, ICON, ICON)

    return {"dice": square(right_edge - 2 * ICON - 8), "lock": square(right_edge - ICON)}
