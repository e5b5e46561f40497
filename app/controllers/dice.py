"""Dice and locks: random styles, for one label or for all that are not locked."""

from __future__ import annotations

import secrets

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from app.controllers.context import Context
from app.controllers.render import RenderController
from app.imaging.thumbnails import Place
from app.panels.styles.panel import StylesPanel
from app.panels.styles.slots import join, split, with_slot
from engine.labels.pieces import is_piece
from engine.requests.styles import SampleStyle, Style

SEEDS = 10**8  # short enough to read aloud, and to see whole in the panel


def new_seed() -> int:
    """A random seed."""
    return secrets.randbelow(SEEDS)


class DiceController(QObject):
    """Draws styles. Nothing is painted here: the document changes and the picture follows."""

    def __init__(
        self,
        context: Context,
        render_controller: RenderController,
        styles_panel: StylesPanel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._scope = context.core.scope
        self._render = render_controller
        styles_panel.card.dice_wanted.connect(self.roll_slot)
        styles_panel.dice_all_wanted.connect(self.roll_all)
        styles_panel.card.seed_entered.connect(self.recall_seed)
        styles_panel.card.seed_copied.connect(self.copy_seed)
        styles_panel.card.lock_wanted.connect(self.toggle_lock)
        render_controller.rendered.connect(self._remember_looks)

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def roll(self) -> None:
        """A new random style for the chosen label or piece."""
        self.roll_slot(self._document.current_region, "a")

    @Slot()
    def roll_all(self) -> None:
        """New random styles for all labels of the picture that are not locked, as one step.

        They share a seed: where the weights know how regions vary together, such styles fit one another.
        """
        if not self._can_draw() or not self._scope.may_change_some():
            return
        document = self._document
        present_ids = [label.id for label in document.label_set.labels if document.areas[label.id] > 0]
        styles: dict[int, Style] = dict.fromkeys(present_ids, SampleStyle(new_seed()))
        document.styling.set_styles(self._scope.unlocked(styles), self.tr("Roll all styles"))

    def begin(self) -> None:
        """Drawn styles for a document that was just begun, as one step, where the mean shows little of what weights can
        do. All labels share a seed; those that are painted later have it too."""
        if self._scope.abilities.begins_drawn:
            labels = range(len(self._document.label_set))
            drawn: Style = SampleStyle(new_seed())
            self._document.styling.set_styles(dict.fromkeys(labels, drawn), self.tr("Roll all styles"))

    @Slot()
    def toggle_locked(self) -> None:
        """Lock or unlock the chosen label's or piece's style."""
        self.toggle_lock(self._document.current_region)

    # --- from the panel -----------------------------------------------------------------------------

    def roll_slot(self, label_id: int, slot_name: str) -> None:
        """A new random style for one slot of a label; a mix keeps its other slot."""
        if self._can_draw() and self._scope.may_change(label_id):
            self._put(label_id, slot_name, new_seed(), self.tr("Roll the style of {0}"))

    def recall_seed(self, label_id: int, seed: int) -> None:
        """The style of a seed that somebody wrote down."""
        if self._can_draw() and self._scope.may_change(label_id):
            self._put(label_id, "a", seed, self.tr("Style of {0} by its seed"))

    def copy_seed(self, seed: int) -> None:
        """A seed to the clipboard."""
        QGuiApplication.clipboard().setText(str(seed))
        self._context.status.show_message(self.tr("Seed {0} copied").format(seed))

    def toggle_lock(self, label_id: int) -> None:
        """Lock or unlock the style of a label."""
        self._scope.set_locked(label_id, not self._scope.locked(label_id))

    # --- inside -------------------------------------------------------------------------------------

    def _put(self, label_id: int, slot_name: str, seed: int, undo_text: str) -> None:
        slots = split(self._document.style(label_id))
        if slot_name == "a" and slots.b is not None and slots.amount >= 1 and not slots.blocks:
            slots = with_slot(slots, "b", None)  # nothing of the first would be seen
        style = join(with_slot(slots, slot_name, SampleStyle(seed)))
        self._scope.put(label_id, style, text=undo_text.format(self._scope.name(label_id)))
        if not self._scope.whole_picture:
            self._document.set_current_region(label_id)

    def _can_draw(self) -> bool:
        if self._scope.abilities.samples:
            return True
        sentence = self.tr('The weights "{0}" cannot draw styles; take styles from pictures.')
        self._context.core.hub.notice(self._scope.lack(sentence))
        return False

    def _remember_looks(self, *_: object) -> None:
        """What a drawn style looks like is seen in the picture painted with it."""
        painted_scene, picture = self._render.shown, self._document.picture
        if painted_scene is None or picture is None or picture.shape[:2] != painted_scene.label_map.shape:
            return
        thumbnails = self._context.core.thumbnails
        unseen_looks = [
            (Place(painted_scene.weights, label_id, painted_scene.fingerprint), style.seed)
            for label_id, style in painted_scene.styles.items()
            if isinstance(style, SampleStyle)
            and not is_piece(label_id)  # whose look is no other than its label's in that style
            and self._document.areas[label_id] > 0
            and not thumbnails.knows_drawn(
                Place(painted_scene.weights, label_id, painted_scene.fingerprint), style.seed
            )
        ]
        if unseen_looks:
            thumbnails.put_drawn(unseen_looks, picture, painted_scene.label_map.array())
