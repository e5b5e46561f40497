"""The action table: what menus, tool bars, tooltips and the shortcuts page read."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QKeySequence

from app.controllers.handlers import command_handlers
from app.dialogs.help.shortcuts import ShortcutsDialog, keys_text, shortcut_rows
from app.shell.actions import ACTIONS, BY_ID, GESTURES, MENUS, SEPARATOR, SUBMENUS
from app.window.action_set import connect_actions


def in_menus() -> list[str]:
    def flat(entries):
        for entry in entries:
            if entry in SUBMENUS:
                yield from flat(SUBMENUS[entry][1])
            elif entry != SEPARATOR:
                yield entry

    return [name for _, entries in MENUS for name in flat(entries)]


def test_every_action_stands_in_one_menu():
    assert sorted(in_menus()) == sorted(BY_ID)


def test_no_key_has_two_actions():
    keys = [QKeySequence(key).toString() for action in ACTIONS for key in action.keys]
    assert "" not in keys
    assert len(set(keys)) == len(keys)


def test_every_action_has_a_handler_and_every_handler_an_action(window, core):
    own = {"quit", "next_panel", "reset_layout", "full_screen"}  # the window's
    handlers = command_handlers(window.controllers, core.document, window.canvas)
    assert set(handlers) | own == set(BY_ID) and not set(handlers) & own
    assert all(callable(handler) for handler in handlers.values())


def test_an_action_without_a_handler_is_found_when_the_window_is_built(window):
    with pytest.raises(KeyError, match="undo"):
        connect_actions({"undo": window.actions_by_id["undo"]}, {})


def test_every_action_has_a_text_and_a_line():
    for action in ACTIONS:
        assert action.text and action.tip, action.id
        assert not action.tip.endswith("."), action.id


def test_the_keys_of_the_design_are_bound():
    wanted = {
        "brush": "B",
        "eraser": "E",
        "bucket": "G",
        "pick": "I",
        "pan": "H",
        "undo": "Ctrl+Z",
        "redo": "Ctrl+Shift+Z",
        "fit": "Ctrl+0",
        "actual": "Ctrl+1",
        "cancel": "Shift+X",
        "brush_smaller": "[",
        "brush_larger": "]",
        "label_7": "7",
    }
    for name, key in wanted.items():
        assert key in BY_ID[name].keys, name
    assert "F" in BY_ID["bucket"].keys
    assert "Ctrl+Y" in BY_ID["redo"].keys


def test_tooltips_tell_name_keys_and_a_line(window):
    tip = window.actions_by_id["brush"].toolTip()
    assert "Brush" in tip and ">B<" in tip and "Paint with the chosen label" in tip


def test_the_shortcuts_page_lists_every_action_with_keys(qtbot, window):
    rows = shortcut_rows()
    assert len(rows) == sum(bool(action.keys) for action in ACTIONS) + len(GESTURES)
    assert ("Undo", "Ctrl+Z", BY_ID["undo"].tip) in rows


def test_the_shortcuts_page_finds_commands_by_name_and_key(qtbot):
    dialog = ShortcutsDialog()
    qtbot.addWidget(dialog)
    dialog.search.setText("bucket")
    shown = [i for i in range(dialog.table.rowCount()) if not dialog.table.isRowHidden(i)]
    assert [dialog.table.item(i, 1).text() for i in shown] == [keys_text(("G", "F"))]


def test_tool_actions_follow_the_canvas(window):
    window.actions_by_id["eraser"].trigger()
    assert window.canvas.tool_id == "eraser"
    window.canvas.set_tool("bucket")
    assert window.actions_by_id["bucket"].isChecked()
    assert not window.actions_by_id["eraser"].isChecked()


def test_undo_says_what_it_takes_back(window, core):
    assert not window.actions_by_id["undo"].isEnabled()
    core.document.set_seed(5)
    assert window.actions_by_id["undo"].text() == "Undo: Change seed"
    window.actions_by_id["undo"].trigger()
    assert core.document.seed == 0
    assert window.actions_by_id["redo"].text() == "Redo: Change seed"
