"""Qt's side of the action table: QActions with texts, tips, keys and icons, and the menus they stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from app.dialogs.shortcuts import keys_text
from app.shell.actions import ACTIONS, BY_ID, MENUS, SEPARATOR, SUBMENUS, Action
from app.shell.i18n import tr
from app.shell.icons import icons


def tool_tip(action: Action) -> str:
    """Name, keys and a line."""
    keys = keys_text(action.keys)
    name = tr(action.text).rstrip(".")
    head = f"<b>{name}</b>" + (f" &nbsp;<span>{keys}</span>" if keys else "")
    return f"<p style='white-space:pre'>{head}</p><p>{tr(action.tip)}</p>"


def make_actions(parent: QWidget) -> dict[str, QAction]:
    """One QAction for each entry of the table; `connect_actions` tells them what to do."""
    actions: dict[str, QAction] = {}
    groups: dict[str, QActionGroup] = {}
    for entry in ACTIONS:
        actions[entry.id] = action = QAction(parent)
        action.setObjectName(entry.id)
        keyed = entry.id.startswith("label_") and entry.id[6:].isdecimal()
        action.setText(tr(entry.text).format(entry.id[6:]) if keyed else tr(entry.text))
        action.setToolTip(tool_tip(entry) if not keyed else tr(entry.tip))
        action.setStatusTip("")
        action.setShortcuts([QKeySequence(key) for key in entry.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if entry.icon:
            icons().bind(action, entry.icon)
        action.setCheckable(entry.checkable)
        action.setIconVisibleInMenu(not entry.checkable)  # there the check mark takes its place
        if entry.group:
            group = groups.setdefault(entry.group, QActionGroup(parent))
            group.addAction(action)
        parent.addAction(action)
    return actions


def connect_actions(actions: Mapping[str, QAction], handlers: Mapping[str, Callable[[], object]]) -> None:
    """Let each action call the handler of its id. Raises KeyError where one has none."""
    for action_id, action in actions.items():
        action.triggered.connect(lambda _checked=False, handler=handlers[action_id]: handler())


def make_menus(bar: QMenuBar, actions: dict[str, QAction], parent: QObject) -> dict[str, QMenu]:
    """Fill the menu bar from the table; returns the submenus by their names in capitals."""
    submenus: dict[str, QMenu] = {}
    for title, entries in MENUS:
        menu = bar.addMenu(tr(title))
        menu.setToolTipsVisible(False)
        _fill(menu, entries, actions, submenus)
    return submenus


def _fill(menu: QMenu, entries: tuple[str, ...], actions: dict[str, QAction], submenus: dict[str, QMenu]) -> None:
    for entry in entries:
        if entry == SEPARATOR:
            menu.addSeparator()
        elif entry in SUBMENUS:
            title, inside = SUBMENUS[entry]
            submenus[entry] = submenu = menu.addMenu(tr(title))
            _fill(submenu, inside, actions, submenus)
        else:
            menu.addAction(actions[entry])


def list_menu(view: QWidget, names: tuple[str, ...], actions: dict[str, QAction]) -> None:
    """A right click (or the menu key) on a row offers what can be done with that label."""
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    for name in names:
        if name == SEPARATOR:
            line = QAction(view)
            line.setSeparator(True)
            view.addAction(line)
        else:
            view.addAction(actions[name])


assert all(entry in BY_ID or entry in SUBMENUS or entry == SEPARATOR for _, entries in MENUS for entry in entries)
