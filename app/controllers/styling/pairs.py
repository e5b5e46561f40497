"""Labels that are mostly restyled together, lips, eyes, brows, ears: one choice for both, as one step."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from app.controllers.context import Context
from app.controllers.styles import StylesController, Target
from app.controllers.styling.colours import ColoursController
from app.shell.actions import BY_ID
from app.shell.i18n import tr
from app.texts.label_names import pair_name


class PairsController(QObject):
    """Offers the commands for both labels of a pair where the chosen one belongs to a pair, and names it in them."""

    def __init__(
        self,
        context: Context,
        styles_controller: StylesController,
        colours: ColoursController,
        actions: Mapping[str, QAction],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = context.core.document
        self._scope = context.core.scope
        self._styles, self._colours = styles_controller, colours
        self._actions = {
            actions["pair_file"]: self.tr("Style of {0} from file..."),
            actions["pair_colour"]: self.tr("Colour for {0}..."),
            actions["pair_pipette"]: self.tr("Pipette for {0}"),
        }
        self._document.current_label_changed.connect(self._show_pair)
        self._document.replaced.connect(self._show_pair)
        self._document.weights_changed.connect(self._show_pair)
        self._show_pair()

    @Slot()
    def choose_file(self) -> None:
        """A picture for both labels: each takes the style of its own region there."""
        self._styles.ask_file(Target(self._document.current_label, pair=True))

    @Slot()
    def choose_colour(self) -> None:
        """A colour for both labels."""
        self._colours.choose(with_pair=True)

    @Slot()
    def take_pipette(self) -> None:
        """The colour of the next click for both labels."""
        self._colours.take_pipette(with_pair=True)

    def _show_pair(self, *_: object) -> None:
        pair = self._document.label_set.pair_of(self._document.current_label)
        for action, caption in self._actions.items():
            action.setVisible(pair is not None and not self._scope.whole_picture)
            action.setText(caption.format(pair_name(pair)) if pair is not None else tr(BY_ID[action.objectName()].text))
