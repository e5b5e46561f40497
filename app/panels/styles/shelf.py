"""Styles at hand, as little pictures to click or drag: those of the user's library, and for the regions of a photo
colours and pictures that come with Tessera."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QIcon,
    QKeyEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QSizePolicy, QWidget

from app.document.document import Document
from app.document.style_scope import StyleScope
from app.imaging.mime import colour_mime, file_mime, may_be_useful, read_mime
from app.imaging.thumbnails import Thumbnails
from app.library.samples import SampleColour, label_map_path, pictures_showing, sample_colours, sample_name
from app.library.store import Entry
from app.panels.styles.looks import placeholder_icon
from app.shell.icons import icons
from app.texts.label_names import name_of, pair_name
from engine.requests.styles import ColourStyle, ImageStyle

SIDE = 28
_HELD = Qt.ItemDataRole.UserRole + 1


class StyleShelf(QListWidget):
    """Shows entries of the library and samples. A click or Enter takes one for the chosen label, F2 renames,
    Delete deletes; a style, a colour or a style's file dropped here is kept."""

    entry_taken = Signal(object, bool)  # Entry; whether for both labels of a pair
    colour_taken = Signal(str, bool)  # "#rrggbb"; the same
    picture_taken = Signal(object, bool)  # Path; the same
    rename_wanted = Signal(object)  # Entry
    delete_wanted = Signal(object)  # Entry
    incoming = Signal(object)  # Incoming: to be kept

    def __init__(
        self,
        document: Document,
        thumbnails: Thumbnails,
        scope: StyleScope,
        *,
        rows: int = 3,
        with_pictures: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """``rows``: as many are seen; the rest scrolls. ``with_pictures``: sample pictures too, for photos."""
        super().__init__(parent)
        self._document, self._thumbnails, self._scope = document, thumbnails, scope
        self._entries: tuple[Entry, ...] = ()
        self._rows, self._with_pictures = rows, with_pictures
        self._looks: dict[Path, QPixmap] = {}  # of styles that show what they looked like when they were kept
        self.setObjectName("shelf")
        self.setAccessibleName(self.tr("Library of styles"))
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setGridSize(QSize(SIDE + 8, SIDE + 8))
        self.setUniformItemSizes(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QListWidget.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.viewport().setAcceptDrops(True)  # a list of icons that do not move takes none of itself
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda point: self._show_menu(self.itemAt(point)))
        self.itemClicked.connect(lambda list_item: self._take(list_item))
        document.current_label_changed.connect(self.refresh)
        document.replaced.connect(self.refresh)
        thumbnails.changed.connect(self._show_icons)
        self.refresh()

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show what the library holds."""
        self._looks.clear()
        self._entries = tuple(entries)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show what fits the document: its label set's styles, those of the chosen label first, and samples for it."""
        document = self._document
        label_id = document.current_label
        fitting = [entry for entry in self._entries if entry.kept.fits(document.label_set)]
        fitting.sort(key=lambda entry: entry.kept.label != label_id)
        if not self._scope.takes_colours:
            fitting = [entry for entry in fitting if not isinstance(entry.kept.style, ColourStyle)]
        colours = sample_colours(document.label_set, label_id) if self._scope.edits_photo else []
        edits_region = self._with_pictures and self._scope.edits_photo
        pictures = pictures_showing(document.label_set, label_id) if edits_region else []
        self.clear()
        items: list[Entry | SampleColour | Path] = [*fitting, *colours, *pictures]
        for held in items:
            self._add(held)
        self._show_icons()
        self.setVisible(self.count() > 0)
        self.updateGeometry()

    def _add(self, held: Entry | SampleColour | Path) -> None:
        list_item = QListWidgetItem(self)
        list_item.setData(_HELD, held)
        if isinstance(held, Entry):
            label_text = name_of(self._document.label_set, held.kept.label)
            name, hint = held.kept.name, self.tr("{0}: kept from {1}").format(held.kept.name, label_text)
        elif isinstance(held, SampleColour):
            name, hint = held.text(), self.tr("{0}, {1}").format(held.text(), held.colour)
        else:
            name = hint = sample_name(held)
        list_item.setToolTip(hint + "\n" + self.tr("Click to take it for the chosen label, drag to another one"))
        list_item.setData(Qt.ItemDataRole.AccessibleTextRole, name)

    def _show_icons(self) -> None:
        for position in range(self.count()):
            list_item = self.item(position)
            list_item.setIcon(self._icon(list_item.data(_HELD)))

    def _icon(self, held: Entry | SampleColour | Path) -> QIcon:
        ratio = self.devicePixelRatioF()
        if isinstance(held, SampleColour):
            return _as_it_is(_swatch(QColor(held.colour), ratio))
        if isinstance(held, Path):
            label_id, map_path = self._document.current_label, str(label_map_path(held))
            sample_style = ImageStyle(path=str(held), label=label_id, label_map_path=map_path)
            look = self._thumbnails.pixmap(sample_style, self._document.label_set, SIDE, ratio)
            return _as_it_is(look) if look is not None else icons().icon("photo")
        style = held.kept.style
        if isinstance(style, ColourStyle):
            return _as_it_is(_swatch(QColor(style.colour), ratio))
        if not isinstance(style, ImageStyle):
            if held.path not in self._looks:
                self._looks[held.path] = QPixmap(str(held.path)).scaled(QSize(SIDE, SIDE) * ratio)
            return _as_it_is(self._looks[held.path])
        pixmap = self._thumbnails.pixmap(style, self._document.label_set, SIDE, ratio)
        return _as_it_is(pixmap) if pixmap is not None else icons().icon(placeholder_icon(style))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()  # other widths need other rows

    def sizeHint(self) -> QSize:
        for_scroll_bar = self.verticalScrollBar().sizeHint().width()  # Qt keeps its room free
        in_row = max(1, (max(self.width(), 200) - 4 - for_scroll_bar) // self.gridSize().width())
        rows = min(self._rows, -(-self.count() // in_row))
        return QSize(200, rows * self.gridSize().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    # --- taking, renaming, deleting -----------------------------------------------------------------

    def _take(self, list_item: QListWidgetItem, *, for_pair: bool = False) -> None:
        held = list_item.data(_HELD)
        if isinstance(held, Entry):
            self.entry_taken.emit(held, for_pair)
        elif isinstance(held, Path):
            self.picture_taken.emit(held, for_pair)
        else:
            self.colour_taken.emit(held.colour, for_pair)

    def event(self, event: QEvent) -> bool:
        """F2 renames here; elsewhere it is a shortcut of the window."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_F2 and self.currentItem() is not None:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        list_item = self.currentItem()
        entry = list_item.data(_HELD) if list_item is not None else None
        if list_item is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._take(list_item)
        elif isinstance(entry, Entry) and event.key() == Qt.Key.Key_F2:
            self.rename_wanted.emit(entry)
        elif isinstance(entry, Entry) and event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit(entry)
        elif event.text():
            event.ignore()  # letters and digits stay the window's shortcuts
        else:
            super().keyPressEvent(event)

    def menu_for(self, list_item: QListWidgetItem) -> QMenu:
        """What can be done with an item."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Take for the chosen label"), lambda: self._take(list_item))
        pair = self._document.label_set.pair_of(self._document.current_label)
        if pair is not None and not self._scope.whole_picture:
            caption = self.tr("Take for {0}").format(pair_name(pair))
            menu.addAction(caption, lambda: self._take(list_item, for_pair=True))
        entry = list_item.data(_HELD)
        if isinstance(entry, Entry):
            menu.addSeparator()
            menu.addAction(self.tr("Rename..."), lambda: self.rename_wanted.emit(entry))
            menu.addAction(self.tr("Delete"), lambda: self.delete_wanted.emit(entry))
        return menu

    def _show_menu(self, list_item: QListWidgetItem | None) -> None:
        if list_item is not None:
            self.menu_for(list_item).popup(self.viewport().mapToGlobal(self.visualItemRect(list_item).bottomLeft()))

    # --- dragging -----------------------------------------------------------------------------------

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:
        held = items[0].data(_HELD)
        if isinstance(held, SampleColour):
            return colour_mime(held.colour)
        return file_mime(held if isinstance(held, Path) else held.path)

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is not self and may_be_useful(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.source() is not self:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        incoming = read_mime(event.mimeData())
        if event.source() is not self and not incoming.empty:
            event.acceptProposedAction()
            self.incoming.emit(incoming)


def _as_it_is(pixmap: QPixmap) -> QIcon:
    """An icon that keeps its colours where it is selected; Qt tints it there otherwise."""
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


def _swatch(colour: QColor, ratio: float) -> QPixmap:
    """A rounded patch of a colour."""
    pixmap = QPixmap(QSize(SIDE, SIDE) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(128, 128, 128, 120))
        painter.setBrush(colour)
        painter.drawRoundedRect(1, 1, SIDE - 2, SIDE - 2, 6, 6)
    return pixmap
