"""A kind of request brings its panel and its tools into the window by one entry."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QLabel

from app.document import kinds as document_kinds
from app.document.kinds import Kind
from app.panels.styles.panel import StylesPanel
from app.window import request_kinds
from app.window.main_window import MainWindow
from app.window.request_kinds import RENDER, REQUEST_KINDS, RequestKind, RequestPanels, tool_actions
from engine.requests.base import Request
from engine.requests.json_text import kinds


class FillRequest(Request[Any], frozen=True, tag="fill"):
    """A hole that is filled; no kind of request that is shipped."""


FILL = RequestKind(
    Kind(FillRequest, lambda document, result: None),
    "Fill a hole",
    "fillDock",
    lambda core: QLabel("fill"),
    tools=("brush", "fit"),
)


def test_every_kind_of_the_document_is_in_the_window_and_one_of_the_engine():
    assert [kind.kind for kind in REQUEST_KINDS] == list(document_kinds._KINDS.values())
    assert {kind.kind.name for kind in REQUEST_KINDS} <= set(kinds())


def test_every_panel_has_a_dock_of_its_own():
    assert len({kind.dock for kind in REQUEST_KINDS}) == len(REQUEST_KINDS)


def test_a_new_kind_s_panel_and_tools_stand_in_the_window(core, qtbot, monkeypatch):
    monkeypatch.setattr(request_kinds, "REQUEST_KINDS", (*REQUEST_KINDS, FILL))
    window = MainWindow(core)
    qtbot.addWidget(window)
    panel = window.docks["fillDock"].widget()
    assert isinstance(panel, QLabel) and panel.text() == "fill"
    assert window.docks["fillDock"] in window.tabifiedDockWidgets(window.docks[RENDER.dock])
    assert tool_actions()[-1] == "fit" and tool_actions().count("brush") == 1
    assert window.tool_bar.widgetForAction(window.actions_by_id["fit"]) is not None


def test_a_panel_is_found_by_its_kind(core, qtbot):
    panel = RequestPanels(core).of(RENDER)
    qtbot.addWidget(panel)
    assert isinstance(panel, StylesPanel)
