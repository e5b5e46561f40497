"""The small controllers: editing, tools, labels, the view, looks, help."""

from __future__ import annotations

import secrets

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication

from app.controllers.context import Context
from app.dialogs.about import AboutDialog
from app.dialogs.shortcuts import ShortcutsDialog
from app.imaging.pixels import to_qimage
from app.raster.view import Mode
from app.shell.paths import user_dir

SEEDS = 2**31  # dice give seeds that are short enough to read aloud


class EditController(QObject):
    """Undo, redo, copy, seed."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document

    @Slot()
    def undo(self) -> None:
        """Take back the last step."""
        self._document.undo()

    @Slot()
    def redo(self) -> None:
        """Do the last step again."""
        self._document.redo()

    @Slot()
    def copy(self) -> None:
        """The picture to the clipboard."""
        picture = self._document.picture
        if picture is None:
            self._context.core.hub.notice(self.tr("There is no picture to copy yet; wait for the first render."))
            return
        QGuiApplication.clipboard().setImage(to_qimage(picture))
        self._context.status.show_message(self.tr("Picture copied"))

    @Slot()
    def new_seed(self) -> None:
        """Roll the dice."""
        self._document.set_seed(secrets.randbelow(SEEDS))


class ToolsController(QObject):
    """Chooses tools and brush sizes on the canvas."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = context.canvas
        context.canvas.tool_changed.connect(context.shell.set_checked)

    @Slot()
    def brush(self) -> None:
        self._canvas.set_tool("brush")

    @Slot()
    def eraser(self) -> None:
        self._canvas.set_tool("eraser")

    @Slot()
    def bucket(self) -> None:
        self._canvas.set_tool("bucket")

    @Slot()
    def pick(self) -> None:
        self._canvas.set_tool("pick")

    @Slot()
    def pan(self) -> None:
        self._canvas.set_tool("pan")

    @Slot()
    def brush_smaller(self) -> None:
        self._canvas.step_brush(-1)

    @Slot()
    def brush_larger(self) -> None:
        self._canvas.step_brush(1)

    @Slot()
    def brush_much_smaller(self) -> None:
        self._canvas.step_brush(-1, large=True)

    @Slot()
    def brush_much_larger(self) -> None:
        self._canvas.step_brush(1, large=True)


class LabelsController(QObject):
    """Commands on the chosen label."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._document.replaced.connect(self._learnt_changed)
        self._document.weights_changed.connect(self._learnt_changed)
        context.core.catalogue.changed.connect(self._learnt_changed)
        self._learnt_changed()

    def choose_key(self, key: int) -> None:
        """Choose the label on key 1 to 9."""
        label = self._context.labels.model.label_for_key(key)
        if label is not None:
            self._document.set_current_label(label)

    @Slot()
    def toggle_hidden(self) -> None:
        label = self._document.current_label
        self._document.set_visible(label, label in self._document.hidden)

    @Slot()
    def solo(self) -> None:
        self._document.show_only(self._document.current_label)

    @Slot()
    def toggle_locked(self) -> None:
        label = self._document.current_label
        self._document.set_locked(label, label not in self._document.locked)

    @Slot()
    def search(self) -> None:
        self._context.labels.focus_search()

    def _learnt_changed(self, *_: object) -> None:
        catalogue = self._context.core.catalogue
        self._context.labels.model.set_unlearnt(catalogue.unlearnt(self._document.weights))


VIEWS = {"view_stack": Mode.STACK, "view_side": Mode.SIDE_BY_SIDE, "view_wipe": Mode.WIPE}


class ViewController(QObject):
    """How the canvas shows things; remembers the choice."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = context.canvas
        self._settings = context.core.settings
        self._shell = context.shell
        self._canvas.mode_changed.connect(self._mode_changed)
        self._canvas.overlay_changed.connect(self._overlay_changed)
        self._canvas.brush_changed.connect(self._brush_changed)

    def restore(self) -> None:
        """Show things as they were last time."""
        self._canvas.set_mode(Mode(self._settings.view))
        self._canvas.set_overlay(self._settings.overlay / 100)
        self._canvas.set_brush_diameter(self._settings.brush)
        self._mode_changed(self._canvas.mode)

    @Slot()
    def stack(self) -> None:
        self._canvas.set_mode(Mode.STACK)

    @Slot()
    def side_by_side(self) -> None:
        self._canvas.set_mode(Mode.SIDE_BY_SIDE)

    @Slot()
    def wipe(self) -> None:
        self._canvas.set_mode(Mode.WIPE)

    @Slot()
    def overlay_less(self) -> None:
        self._canvas.set_overlay(self._canvas.overlay - 0.1)

    @Slot()
    def overlay_more(self) -> None:
        self._canvas.set_overlay(self._canvas.overlay + 0.1)

    @Slot()
    def zoom_in(self) -> None:
        self._canvas.zoom_in()

    @Slot()
    def zoom_out(self) -> None:
        self._canvas.zoom_out()

    @Slot()
    def fit(self) -> None:
        self._canvas.fit()

    @Slot()
    def actual_size(self) -> None:
        self._canvas.actual_size()

    def _mode_changed(self, mode: Mode) -> None:
        self._settings.view = mode.value
        self._shell.set_checked({view: name for name, view in VIEWS.items()}[mode])

    def _overlay_changed(self, opacity: float) -> None:
        self._settings.overlay = round(100 * opacity)

    def _brush_changed(self, diameter: int) -> None:
        self._settings.brush = diameter


class LooksController(QObject):
    """Theme and language."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context

    def restore(self) -> None:
        """Check the chosen theme and language in the menus."""
        settings = self._context.core.settings
        self._context.shell.set_checked(f"theme_{settings.theme}")
        language = {"zh_CN": "zh"}.get(settings.language, settings.language)
        self._context.shell.set_checked(f"language_{language}")

    @Slot()
    def theme_system(self) -> None:
        self._theme("system")

    @Slot()
    def theme_light(self) -> None:
        self._theme("light")

    @Slot()
    def theme_dark(self) -> None:
        self._theme("dark")

    @Slot()
    def language_system(self) -> None:
        self._language("system")

    @Slot()
    def language_en(self) -> None:
        self._language("en")

    @Slot()
    def language_zh(self) -> None:
        self._language("zh_CN")

    def _theme(self, choice: str) -> None:
        self._context.core.settings.theme = choice
        if self._context.core.theme is not None:
            self._context.core.theme.apply(choice)
        self._context.shell.set_checked(f"theme_{choice}")

    def _language(self, choice: str) -> None:
        if choice != self._context.core.settings.language:
            self._context.core.settings.language = choice
            self._context.shell.rebuild()


class HelpController(QObject):
    """Shortcuts, log, about."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context

    @Slot()
    def shortcuts(self) -> None:
        """All commands and their keys."""
        ShortcutsDialog(self._context.window).open()

    @Slot()
    def show_log(self) -> None:
        """The log's folder, in the system's file manager."""
        folder = user_dir("log")
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._context.core.hub.notice(self.tr('The log is in "{0}".').format(folder))

    @Slot()
    def about(self) -> None:
        """Versions and licences."""
        AboutDialog(self._context.core.catalogue, self._context.window).open()
