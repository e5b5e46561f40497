"""Qt's side of the action table: QActions with texts, tips, keys and icons, and the menus they stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QCursor, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolTip, QWidget

from app.dialogs.help.shortcuts import keys_text
from app.shell.actions import ACTIONS, BY_ID, MENUS, SEPARATOR, SUBMENUS, Action
from app.shell.i18n import tr
from app.shell.icons import icons


def tool_tip(action: Action) -> str:
    """Name, keys and a line."""
    key_names = keys_text(action.keys)
    command_name = tr(action.text).rstrip(".")
    heading = f"<b>{command_name}</b>" + (f" &nbsp;<span>{key_names}</span>" if key_names else "")
    return f"<p style='white-space:pre'>{heading}</p><p>{tr(action.tip)}</p>"


def make_actions(parent: QWidget) -> dict[str, QAction]:
    """One QAction for each entry of the table; `connect_actions` tells them what to do."""
    actions: dict[str, QAction] = {}
    groups_by_name: dict[str, QActionGroup] = {}
    for command in ACTIONS:
        actions[command.id] = action = QAction(parent)
        action.setObjectName(command.id)
        chooses_label = command.id.startswith("label_") and command.id[6:].isdecimal()
        action.setText(tr(command.text).format(command.id[6:]) if chooses_label else tr(command.text))
        action.setToolTip(tool_tip(command) if not chooses_label else tr(command.tip))
        action.setStatusTip("")
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if command.icon:
            icons().bind(action, command.icon)
        action.setCheckable(command.checkable)
        action.setIconVisibleInMenu(not command.checkable)  # there the check mark takes its place
        if command.group:
            action_group = groups_by_name.setdefault(command.group, QActionGroup(parent))
            action_group.addAction(action)
        parent.addAction(action)
    return actions


def connect_actions(actions: Mapping[str, QAction], handlers: Mapping[str, Callable[[], object]]) -> None:
    """Let each action call the handler of its id. Raises KeyError where one has none."""
    for action_id, action in actions.items():
        action.triggered.connect(lambda _checked=False, handler=handlers[action_id]: handler())


def make_menus(menu_bar: QMenuBar, actions: dict[str, QAction], parent: QObject) -> dict[str, QMenu]:
    """Fill the menu bar from the table; returns the submenus by their names in capitals."""
    submenus: dict[str, QMenu] = {}
    for title, entry_ids in MENUS:
        menu = menu_bar.addMenu(tr(title))
        menu.setToolTipsVisible(False)
        menu.hovered.connect(_tell_why_not)
        _fill(menu, entry_ids, actions, submenus)
    return submenus


def _tell_why_not(action: QAction) -> None:
    """What cannot be chosen now says why."""
    QToolTip.showText(QCursor.pos(), "" if action.isEnabled() else action.toolTip())


def _fill(menu: QMenu, entry_ids: tuple[str, ...], actions: dict[str, QAction], submenus: dict[str, QMenu]) -> None:
    for entry_id in entry_ids:
        if entry_id == SEPARATOR:
            menu.addSeparator()
        elif entry_id in SUBMENUS:
            title, inner_ids = SUBMENUS[entry_id]
            submenus[entry_id] = submenu = menu.addMenu(tr(title))
            _fill(submenu, inner_ids, actions, submenus)
        else:
            menu.addAction(actions[entry_id])


def list_menu(list_view: QWidget, action_ids: tuple[str, ...], actions: dict[str, QAction]) -> None:
    """A right click (or the menu key) on a row offers what can be done with that label."""
    list_view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    for action_id in action_ids:
        if action_id == SEPARATOR:
            separator = QAction(list_view)
            separator.setSeparator(True)
            list_view.addAction(separator)
        else:
            list_view.addAction(actions[action_id])


assert all(entry in BY_ID or entry in SUBMENUS or entry == SEPARATOR for _, entries in MENUS for entry in entries)
