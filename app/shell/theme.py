"""Light, dark and system looks: palettes, and one style sheet written in the palette's colours.

This is the only place that names chrome colours. Everything else asks the palette for a role; label
colours are data and not touched by the theme.
"""

from __future__ import annotations

from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app.shell.icons import icons
from engine.files import resource

Role = QPalette.ColorRole
Group = QPalette.ColorGroup

DARK = {
    Role.Window: "#26282c",
    Role.WindowText: "#e3e5e8",
    Role.Base: "#1c1e21",
    Role.AlternateBase: "#222428",
    Role.Text: "#e3e5e8",
    Role.PlaceholderText: "#7d848e",
    Role.Button: "#34373d",
    Role.ButtonText: "#d9dce1",
    Role.BrightText: "#ffffff",
    Role.Light: "#4a4e56",
    Role.Midlight: "#3d4148",
    Role.Mid: "#18191c",
    Role.Dark: "#17181b",
    Role.Shadow: "#101113",
    Role.Highlight: "#14827a",
    Role.Accent: "#27b3a6",
    Role.HighlightedText: "#ffffff",
    Role.Link: "#4cc9bd",
    Role.LinkVisited: "#4cc9bd",
    Role.ToolTipBase: "#3d4148",
    Role.ToolTipText: "#f0f2f4",
}
LIGHT = {
    Role.Window: "#f1f2f4",
    Role.WindowText: "#22252a",
    Role.Base: "#ffffff",
    Role.AlternateBase: "#f7f8f9",
    Role.Text: "#22252a",
    Role.PlaceholderText: "#747b85",
    Role.Button: "#ffffff",
    Role.ButtonText: "#2d3137",
    Role.BrightText: "#000000",
    Role.Light: "#ffffff",
    Role.Midlight: "#e6e8eb",
    Role.Mid: "#d9dce1",
    Role.Dark: "#c9cdd3",
    Role.Shadow: "#9aa0a8",
    Role.Highlight: "#0f7d74",
    Role.Accent: "#12968b",
    Role.HighlightedText: "#ffffff",
    Role.Link: "#0f7d74",
    Role.LinkVisited: "#0f7d74",
    Role.ToolTipBase: "#2d3137",
    Role.ToolTipText: "#f5f6f7",
}
assert set(DARK) == set(LIGHT)


def make_palette(dark: bool) -> QPalette:
    """The whole palette of the dark or the light theme."""
    palette = QPalette()
    for role, colour_name in (DARK if dark else LIGHT).items():
        palette.setColor(role, QColor(colour_name))
    disabled_text = QColor("#686e77" if dark else "#a3a9b1")
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        palette.setColor(Group.Disabled, role, disabled_text)
    palette.setColor(Group.Disabled, Role.Highlight, QColor("#4a4e56" if dark else "#c9cdd3"))
    return palette


def _rgba(colour: QColor, alpha: float) -> str:
    return f"rgba({colour.red()}, {colour.green()}, {colour.blue()}, {round(alpha * 255)})"


def style_sheet(palette: QPalette) -> str:
    """The style sheet in the colours of ``palette``."""
    text_colour = palette.color(Role.WindowText)
    accent_colour = palette.color(Role.Accent)
    template = Template(resource("theme.qss").read_text(encoding="utf-8"))
    return template.substitute(
        hover=_rgba(text_colour, 0.08),
        pressed=_rgba(text_colour, 0.14),
        line=_rgba(text_colour, 0.10),
        strong_line=_rgba(text_colour, 0.20),
        scroll=_rgba(text_colour, 0.22),
        scroll_hover=_rgba(text_colour, 0.38),
        checked=_rgba(accent_colour, 0.26),
        selection=_rgba(accent_colour, 0.22),
        drop=_rgba(accent_colour, 0.14),
        wrong="#d8543f",
        chevron_down=resource("icons", "theme", "chevron-down.svg").as_posix(),
        chevron_up=resource("icons", "theme", "chevron-up.svg").as_posix(),
        check=resource("icons", "theme", "check.svg").as_posix(),
    )


class Theme(QObject):
    """Applies the chosen look to the application and follows the system when asked to."""

    changed = Signal(bool)  # dark

    def __init__(self, app: QApplication, choice: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self._choice = choice
        self._dark: bool | None = None
        app.setStyle("Fusion")
        font = QFont(app.font())
        if font.pointSizeF() < 10:  # bare X servers report 9, too small beside 20 px icons
            font.setPointSizeF(10)
            app.setFont(font)
        app.styleHints().colorSchemeChanged.connect(self._system_changed)
        self.apply(choice)

    @property
    def dark(self) -> bool:
        """True while the dark palette is on."""
        return bool(self._dark)

    @property
    def choice(self) -> str:
        """ "system", "light" or "dark"."""
        return self._choice

    def apply(self, choice: str) -> None:
        """Switch to ``choice`` now; open windows follow."""
        self._choice = choice
        style_hints = QGuiApplication.styleHints()
        colour_scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(choice)
        if colour_scheme is None:
            style_hints.unsetColorScheme()
        else:
            style_hints.setColorScheme(colour_scheme)
        self._follow()

    def _system_changed(self) -> None:
        if self._choice == "system":
            self._follow()

    def _follow(self) -> None:
        if self._choice == "system":
            # Unknown (no desktop tells us) counts as dark: pictures are judged best on a dark ground.
            dark = QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Light
        else:
            dark = self._choice == "dark"
        if dark == self._dark:
            return
        self._dark = dark
        palette = make_palette(dark)
        self._app.setPalette(palette)
        self._app.setStyleSheet(style_sheet(palette))
        icons().refresh()
        self.changed.emit(dark)
