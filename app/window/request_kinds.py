"""The kinds of request that a document can make, as the window shows them: for each its panel and its tools.

To add a kind: register it with the document (`app.document.kinds`), write its panel, and add a `RequestKind` to
`REQUEST_KINDS`; a test finds a kind that is in only one of the two. Its panel gets a dock beside the others and its
tools stand in the tool bar; what they do is said by the action table (`app.shell.actions`) and its handlers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from PySide6.QtWidgets import QWidget

from app.core import Core
from app.document import kinds
from app.document.kinds import Kind
from app.panels.edits.panel import EditsPanel
from app.panels.styles.panel import StylesPanel
from app.shell.actions import SEPARATOR
from app.shell.i18n import mark, tr
from app.window.docks import EDITS, STYLES, SideDock

Panel = TypeVar("Panel", bound=QWidget)


@dataclass(frozen=True)
class RequestKind(Generic[Panel]):
    """One kind of request in the window.

    kind: the document's.
    title: over its panel; English, translated where it is shown.
    dock: the name of its panel's dock, by which a saved layout knows it.
    make_panel: called once for each window.
    tools: ids of the actions that stand in the tool bar for it, from the top.
    focus: what takes the keyboard in the panel. menu: ids of the actions in its context menu.
    region_reset: id of the action that gives the chosen region back the look it has in a document without styles.
    own_documents: whether the dock is there only for documents of the kind, and then in front; otherwise it always is.
    """

    kind: Kind
    title: str
    dock: str
    make_panel: Callable[[Core], Panel]
    tools: tuple[str, ...] = ()
    focus: Callable[[Panel], QWidget] = lambda panel: panel
    menu: tuple[str, ...] = ()
    region_reset: str = "style_reset"
    own_documents: bool = False


TAKEN = ("style_file", "style_colour", "style_pipette")
PAIR = (SEPARATOR, "pair_file", "pair_colour", "pair_pipette", SEPARATOR)  # hidden where the label stands alone
PIECE = ("piece_own", "piece_back")
STYLE_MENU = (*TAKEN, *PAIR, "style_dice", "style_lock", SEPARATOR, "style_variations", "style_morph", SEPARATOR,
              *PIECE, SEPARATOR, "style_keep", "style_reset")  # fmt: skip
EDIT_MENU = (*TAKEN, *PAIR, "style_variations", "style_lock", SEPARATOR, *PIECE, SEPARATOR, "style_keep", SEPARATOR,
             "edits_remove", "edits_copy", "edits_paste")  # fmt: skip
_PIXEL_TOOLS = ("brush", "eraser", "bucket", "piece", "pick", "pan")

RENDER = RequestKind(
    kind=kinds.RENDER,
    title=mark("Styles"),
    dock=STYLES,
    make_panel=lambda core: StylesPanel(core.document, core.thumbnails, core.scope),
    tools=(*_PIXEL_TOOLS, "fill"),
    focus=lambda panel: panel.list,
    menu=STYLE_MENU,
)
EDIT = RequestKind(
    kind=kinds.EDIT,
    title=mark("Edits"),
    dock=EDITS,
    make_panel=lambda core: EditsPanel(core.document, core.thumbnails, core.scope),
    tools=(*_PIXEL_TOOLS, "shapes", "fill"),
    focus=lambda panel: panel.list,
    menu=EDIT_MENU,
    region_reset="edits_remove",
    own_documents=True,
)

REQUEST_KINDS: tuple[RequestKind[Any], ...] = (RENDER, EDIT)


class RequestPanels:
    """One window's panels of all kinds."""

    def __init__(self, core: Core) -> None:
        self._panels: dict[str, QWidget] = {kind.kind.name: kind.make_panel(core) for kind in REQUEST_KINDS}

    def side_docks(self) -> list[SideDock]:
        """A dock for each panel, in the order of the kinds."""
        return [SideDock(kind.dock, tr(kind.title), self.of(kind)) for kind in REQUEST_KINDS]

    def focus_widgets(self) -> list[QWidget]:
        """What takes the keyboard in each panel, in the order of the kinds."""
        return [kind.focus(self.of(kind)) for kind in REQUEST_KINDS]

    def menus(self) -> list[tuple[QWidget, tuple[str, ...]]]:
        """What has a context menu in each panel, and the ids of the menu's actions."""
        return [(kind.focus(self.of(kind)), kind.menu) for kind in REQUEST_KINDS if kind.menu]

    def all(self) -> tuple[QWidget, ...]:
        """Every panel, in the order of the kinds."""
        return tuple(self._panels.values())

    def of(self, kind: RequestKind[Panel]) -> Panel:
        """The panel of a kind, as its factory made it."""
        return cast("Panel", self._panels[kind.kind.name])


def own_docks(shown_kind: Kind) -> dict[str, bool]:
    """The docks that only documents of their kind have, and whether one of `shown_kind` has them."""
    return {kind.dock: kind.kind == shown_kind for kind in REQUEST_KINDS if kind.own_documents}


def region_reset(shown_kind: Kind) -> str:
    """Id of the action that takes back what was done to a region of a document of that kind."""
    return next((kind.region_reset for kind in REQUEST_KINDS if kind.kind == shown_kind), RequestKind.region_reset)


def tool_actions() -> tuple[str, ...]:
    """Ids of the tools of all kinds, in the order of the tool bar, each once."""
    return tuple(dict.fromkeys(tool for kind in REQUEST_KINDS for tool in kind.tools))
