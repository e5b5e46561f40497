"""The user's library of styles: kept under a name, taken in any document of the same labels, renamed, deleted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Slot
from PySide6.QtWidgets import QInputDialog

from app.controllers.context import Context
from app.controllers.styles import StylesController, Target
from app.document.scene import Scene
from app.imaging.mime import Incoming
from app.imaging.pixels import region_colour, region_crop
from app.library import store
from app.library.names import proposed_name
from app.library.store import Contents, Entry
from app.panels.styles.shelf import StyleShelf
from app.shell.paths import user_dir
from engine.errors import EngineError
from engine.pictures.png import carries_style
from engine.requests.style_file import make_kept, rename_style
from engine.requests.styles import ColourStyle, MeanStyle, Style

SWATCH = 64  # pixels a side of the file of a colour
RELOAD_AFTER_MS = 150  # a change comes as several


class LibraryController(QObject):
    """Shows the library on the shelves of the window, also what another window keeps or deletes meanwhile."""

    def __init__(
        self,
        context: Context,
        styles_controller: StylesController,
        shelves: tuple[StyleShelf, ...],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._core = context.core
        self._document = context.core.document
        self._styles = styles_controller
        self._shelves = shelves
        self._folder = user_dir("styles")
        self._names: frozenset[str] = frozenset()  # of the library's styles
        self._told: set[str] = set()  # problems that the user has heard of
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(RELOAD_AFTER_MS)
        self._later.timeout.connect(self.reload)
        self._watcher = QFileSystemWatcher([str(self._folder)], self)
        self._watcher.directoryChanged.connect(lambda _: self._later.start())
        for shelf in shelves:
            shelf.entry_taken.connect(lambda entry, pair: styles_controller.use_kept(entry.path, self._target(pair)))
            shelf.colour_taken.connect(
                lambda colour, pair: styles_controller.use_colour(colour, self._target(pair))
            )
            shelf.picture_taken.connect(lambda path, pair: styles_controller.use_file(path, self._target(pair)))
            shelf.rename_wanted.connect(self.rename)
            shelf.delete_wanted.connect(self.delete)
            shelf.incoming.connect(self._keep_incoming)
        if any(self._folder.iterdir()):
            self.reload()

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def keep(self) -> QInputDialog | None:
        """Ask for a name for the chosen label's style, and keep it."""
        region = self._document.current_region
        style, label_id = self._document.style(region), self._document.current_label
        if isinstance(style, MeanStyle):
            sentence = self.tr("{0} has no style of its own to keep; give it one first.")
            self._core.hub.notice(sentence.format(self._document.regions.name(region)))
            return None
        proposed = self._proposed(label_id, style)
        return self._ask_name(self.tr("Keep a style"), proposed, lambda name: self._keep(name, label_id, style))

    def rename(self, entry: Entry) -> QInputDialog:
        """Ask for another name for a kept style."""

        def renamed(name: str) -> None:
            self._change(lambda: rename_style(entry.path, name))

        return self._ask_name(self.tr("Rename a style"), entry.kept.name, renamed)

    def delete(self, entry: Entry) -> None:
        """Take a style out of the library. Documents that use it keep it."""
        self._change(lambda: store.delete(entry))
        self._context.status.show_message(self.tr('"{0}" deleted from the library').format(entry.kept.name))

    def reload(self) -> None:
        """Read the folder again, in the background."""
        self._core.work_lane.submit(
            lambda work: store.read_library(self._folder), text=self.tr("Reading the library"), on_done=self._show
        )

    # --- inside -------------------------------------------------------------------------------------

    def _target(self, with_pair: bool) -> Target:
        return Target(self._document.current_label if with_pair else self._document.current_region, pair=with_pair)

    def _proposed(self, label_id: int, style: Style) -> str:
        document = self._document
        seen = None if document.picture is None else region_colour(document.picture, document.label_map, label_id)
        return proposed_name(style, label_id, document.label_set, seen=seen, taken=self._names)

    def _show(self, contents: Contents) -> None:
        self._names = frozenset(entry.kept.name for entry in contents.entries)
        for shelf in self._shelves:
            shelf.show_entries(contents.entries)
        for problem in contents.problems:
            if str(problem) not in self._told:
                self._told.add(str(problem))
                self._core.hub.error(problem)

    def _ask_name(self, title: str, proposed: str, use_name: Callable[[str], object]) -> QInputDialog:
        dialog = QInputDialog(self._context.window)
        dialog.setWindowTitle(title)
        dialog.setLabelText(self.tr("Name in the library"))
        dialog.setTextValue(proposed)
        dialog.resize(360, dialog.sizeHint().height())
        dialog.textValueSelected.connect(use_name)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _keep_incoming(self, incoming: Incoming) -> None:
        """Keep what was dropped on a shelf: a colour, a style of this document, or a style's file."""
        label_id = self._document.current_label
        if incoming.colour is not None:
            style = ColourStyle(incoming.colour)
            self._keep(self._proposed(label_id, style), label_id, style)
        elif incoming.style_of is not None:
            self._document.set_current_region(incoming.style_of)
            self.keep()
        elif incoming.files and all(carries_style(file) for file in incoming.files):
            self._change(lambda: [store.adopt(self._folder, file) for file in incoming.files])
        else:
            sentence = self.tr("The library keeps styles; drop the picture on a region first, then keep its style.")
            self._core.hub.notice(sentence)

    def _keep(self, name: str, label_id: int, style: Style) -> None:
        try:
            kept = make_kept(name, self._document.label_set, label_id, style)
        except EngineError as error:
            self._core.hub.error(error)
            return
        scene, picture = self._document.scene, self._document.picture
        self._change(lambda: store.keep(self._folder, kept, _look(scene, picture, label_id, style)))
        self._context.status.show_message(self.tr('"{0}" kept in the library').format(kept.name))

    def _change(self, change: Callable[[], object]) -> None:
        """Do something to the folder in the background, then show what it holds."""

        def change_and_read(work: object) -> Contents:
            change()
            return store.read_library(self._folder)

        self._core.submit(change_and_read, text=self.tr("Writing the library"), on_done=self._show)


def _look(scene: Scene, picture: np.ndarray | None, label_id: int, style: Style) -> np.ndarray:
    """What a style that comes from no single picture looks like, (S, S, 3) uint8: its region in the picture of the
    scene, (H, W, 3) uint8. Takes most of a second where that is large."""
    if isinstance(style, ColourStyle):
        channels = [round(255 * channel) for channel in style.rgb()]
        return np.full((SWATCH, SWATCH, 3), channels, np.uint8)
    seen = None if picture is None else region_crop(picture, scene.label_map.array(), label_id)
    blank = np.full((SWATCH, SWATCH, 3), scene.label_set[label_id].colour, np.uint8)
    return blank if seen is None else seen
