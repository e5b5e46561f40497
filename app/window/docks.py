"""The window's docks: labels and styles at the side, results below; and how a window comes back to its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QWidget

from app.shell.i18n import tr
from app.shell.settings import Settings

SIZE = QSize(1440, 900)
LARGEST = QSize(1920, 1200)  # at the first start
TWO_DOCKS_FROM = 980  # pixels of height: below, labels and styles share one place
STATE_VERSION = 3

LABELS, STYLES, EDITS, RESULTS = "labelsDock", "stylesDock", "editsDock", "resultsDock"


@dataclass(frozen=True)
class SideDock:
    """A panel that stands at the side: its dock's name, its title in the user's language, and itself."""

    name: str
    title: str
    panel: QWidget


def add_docks(
    window: QMainWindow, labels: QWidget, beside: Sequence[SideDock], results: QWidget
) -> dict[str, QDockWidget]:
    """Put the panels into docks of the window; returns these by name. Of those ``beside`` the labels the first stands
    below them, and others share its place."""
    sides = Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea
    docks: dict[str, QDockWidget] = {}
    for side_dock in (SideDock(LABELS, tr("Labels"), labels), *beside):
        title_label = QLabel(side_dock.title)
        title_label.setObjectName("dockTitle")
        docks[side_dock.name] = dock = _dock(side_dock.name, side_dock.title, side_dock.panel, title_label)
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        dock.setAllowedAreas(sides)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    lower_docks = [docks[side_dock.name] for side_dock in beside]
    for dock in lower_docks[1:]:
        window.tabifyDockWidget(lower_docks[0], dock)
    lower_docks[0].raise_()
    side_column = [docks[LABELS], lower_docks[0]]
    window.resizeDocks(side_column, [310, 310], Qt.Orientation.Horizontal)
    window.resizeDocks(side_column, [40, 60], Qt.Orientation.Vertical)
    # The strip's heading stands inside: a title bar would cost it a third of its height.
    docks[RESULTS] = dock = _dock(RESULTS, tr("Results"), results, QWidget())
    dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    dock.setAllowedAreas(Qt.DockWidgetArea.BottomDockWidgetArea)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
    window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
    return docks


def _dock(dock_name: str, title: str, panel: QWidget, title_bar: QWidget) -> QDockWidget:
    dock = QDockWidget(title)
    dock.setObjectName(dock_name)
    dock.setAccessibleName(title)
    dock.setTitleBarWidget(title_bar)
    dock.setWidget(panel)
    return dock


def restore_place(window: QMainWindow, docks: dict[str, QDockWidget], settings: Settings) -> bool:
    """Come back where the window was closed last time; at first fill most of the screen. Returns whether the docks
    are where they were left."""
    geometry, dock_state = settings.window_state()
    if geometry.isEmpty():
        screen_size = window.screen().availableSize()
        window.resize(QSize(round(screen_size.width() * 0.92), round(screen_size.height() * 0.92)).boundedTo(LARGEST))
    else:
        window.restoreGeometry(geometry)
    # The state of an older version is not restored.
    restored = not dock_state.isEmpty() and window.restoreState(dock_state, STATE_VERSION)
    if not restored and window.height() < TWO_DOCKS_FROM:
        lower_docks = [dock for name, dock in docks.items() if name not in (LABELS, RESULTS)]
        for lower_dock in lower_docks:  # out of their own tabs first: Qt leaves a tab bar of them behind otherwise
            window.removeDockWidget(lower_dock)
        for lower_dock in lower_docks:
            window.tabifyDockWidget(docks[LABELS], lower_dock)
            lower_dock.show()
        docks[LABELS].raise_()
    return restored


def bring_to_front(dock: QDockWidget) -> None:
    """Show a dock in front of those that share its place; only in a window that is laid out."""
    dock.lower()  # Qt changes tabs when the order of widgets changes, and this one may be the last already
    dock.raise_()


def save_place(window: QMainWindow, settings: Settings) -> None:
    """Remember where the window is."""
    settings.save_window_state(window.saveGeometry(), window.saveState(STATE_VERSION))
