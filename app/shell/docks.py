"""The window's docks: labels and styles at the side, results below; and how a window comes back to its place."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QLabel, QMainWindow, QWidget

from app.shell.i18n import tr
from app.shell.settings import Settings

SIZE = QSize(1440, 900)
LARGEST = QSize(1920, 1200)  # at the first start
TWO_DOCKS_FROM = 980  # pixels of height: below, labels and styles share one place
STATE_VERSION = 2

LABELS, STYLES, RESULTS = "labelsDock", "stylesDock", "resultsDock"


def add_docks(window: QMainWindow, labels: QWidget, styles: QWidget, results: QWidget) -> dict[str, QDockWidget]:
    """Put the panels into docks of the window; returns these by name."""
    sides = Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea
    docks: dict[str, QDockWidget] = {}
    for name, title, panel in ((LABELS, tr("Labels"), labels), (STYLES, tr("Styles"), styles)):
        heading = QLabel(title)
        heading.setObjectName("dockTitle")
        docks[name] = dock = _dock(name, title, panel, heading)
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        dock.setAllowedAreas(sides)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    window.resizeDocks(list(docks.values()), [310, 310], Qt.Orientation.Horizontal)
    window.resizeDocks(list(docks.values()), [40, 60], Qt.Orientation.Vertical)
    # The strip's heading stands inside: a title bar would cost it a third of its height.
    docks[RESULTS] = dock = _dock(RESULTS, tr("Results"), results, QWidget())
    dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    dock.setAllowedAreas(Qt.DockWidgetArea.BottomDockWidgetArea)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
    window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
    return docks


def _dock(name: str, title: str, panel: QWidget, heading: QWidget) -> QDockWidget:
    dock = QDockWidget(title)
    dock.setObjectName(name)
    dock.setAccessibleName(title)
    dock.setTitleBarWidget(heading)
    dock.setWidget(panel)
    return dock


def restore_place(window: QMainWindow, docks: dict[str, QDockWidget], settings: Settings) -> None:
    """Come back where the window was closed last time; at first fill most of the screen."""
    geometry, state = settings.window_state()
    if geometry.isEmpty():
        room = window.screen().availableSize()
        window.resize(QSize(round(room.width() * 0.92), round(room.height() * 0.92)).boundedTo(LARGEST))
    else:
        window.restoreGeometry(geometry)
    restored = not state.isEmpty() and window.restoreState(state, STATE_VERSION)  # not that of an older version
    if not restored and window.height() < TWO_DOCKS_FROM:
        window.tabifyDockWidget(docks[LABELS], docks[STYLES])
        docks[LABELS].raise_()


def save_place(window: QMainWindow, settings: Settings) -> None:
    """Remember where the window is."""
    settings.save_window_state(window.saveGeometry(), window.saveState(STATE_VERSION))
