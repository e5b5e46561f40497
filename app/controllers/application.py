"""The application's looks and language, and its help."""

from __future__ import annotations

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices

from app.controllers.context import Context
from app.shell.paths import user_dir


class LooksController(QObject):
    """Theme and language."""

    language_changed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context

    def restore(self) -> None:
        """Check the chosen theme and language in the menus."""
        settings = self._context.core.settings
        self._context.show_checked(f"theme_{settings.theme}")
        self._context.show_checked(f"language_{settings.language}")

    def use_theme(self, chosen: str) -> None:
        """Light or dark panels, or as the system says (one of `app.shell.settings.THEMES`)."""
        self._context.core.settings.theme = chosen
        if self._context.core.theme is not None:
            self._context.core.theme.apply(chosen)
        self._context.show_checked(f"theme_{chosen}")

    def use_language(self, chosen: str) -> None:
        """Speak another language (one of `app.shell.settings.LANGUAGES`); the window is built again."""
        if chosen != self._context.core.settings.language:
            self._context.core.settings.language = chosen
            self.language_changed.emit()


class HelpController(QObject):
    """Guide, shortcuts, log, about."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context

    @Slot()
    def guide(self) -> None:
        """The user guide, beside the window."""
        from app.dialogs.help.guide import GuideDialog

        GuideDialog(self._context.window).show()

    @Slot()
    def shortcuts(self) -> None:
        """All commands and their keys."""
        from app.dialogs.help.shortcuts import ShortcutsDialog

        ShortcutsDialog(self._context.window).open()

    @Slot()
    def show_log(self) -> None:
        """The log's folder, in the system's file manager."""
        log_folder = user_dir("log")
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder))):
            self._context.core.hub.notice(self.tr('The log is in "{0}".').format(log_folder))

    @Slot()
    def about(self) -> None:
        """Versions and licences."""
        from app.dialogs.help.about import AboutDialog

        AboutDialog(self._context.core.catalogue, self._context.window).open()
