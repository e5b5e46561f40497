"""Variations of a region, and regions that become another label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from app.controllers.context import CloseOnChange, Context
from app.controllers.styles import StylesController
from app.panels.edits.panel import EditsPanel
from app.panels.styles.panel import StylesPanel
from app.texts.label_names import area_text, name_of

if TYPE_CHECKING:
    from app.controllers.morph import MorphSession
    from app.dialogs.change_label import ChangeLabelDialog
    from app.dialogs.variations import VariationsDialog


class VarietyController(QObject):
    """Opens the dialogs of variety on the chosen label, and paints for them in the background."""

    def __init__(
        self,
        context: Context,
        styles_controller: StylesController,
        styles_panel: StylesPanel,
        edits_panel: EditsPanel,
        morph_action: QAction,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._scope = context.core.scope
        self._styles = styles_controller
        self._morph_action, self._morph_tip = morph_action, morph_action.toolTip()
        self._document.replaced.connect(self._show_abilities)
        self._show_abilities()
        styles_panel.card.variations_wanted.connect(self.variations)
        edits_panel.variations_wanted.connect(self.variations)
        styles_panel.card.morph_wanted.connect(self.morph)

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def variations(self) -> VariationsDialog | None:
        """Six random styles for the chosen region, painted one by one."""
        from app.controllers.styling.variations import COUNT, VariationsRun
        from app.dialogs.variations import VariationsDialog

        label_id = self._document.current_region
        if not self._scope.abilities.samples:
            self._cannot(self.tr('The weights "{0}" cannot draw styles; take styles from pictures.'))
            return None
        if not self._scope.whole_picture and not self._has_region(label_id):
            return None
        if not self._scope.may_change(label_id):
            return None
        dialog = VariationsDialog(self._scope.name(label_id), COUNT, self._scope.whole_picture, self._context.window)
        run = VariationsRun(self._context, dialog, label_id)
        dialog.more_wanted.connect(run.begin)
        dialog.taken.connect(run.take)
        dialog.finished.connect(lambda _: run.stop())
        CloseOnChange(dialog, self._context.core)
        dialog.open()
        run.begin()
        return dialog

    @Slot()
    def morph(self) -> MorphSession | None:
        """From the chosen label's style to another one, in steps."""
        from app.controllers.morph import MorphSession

        label_id = self._document.current_region
        if not self._document.kind.morphs:
            self._context.core.hub.notice(self._morph_action.toolTip())
            return None
        if not self._scope.abilities.styles:
            self._cannot(self.tr('The weights "{0}" have no styles to morph between.'))
            return None
        if not self._scope.whole_picture and not self._has_region(label_id):
            return None
        return MorphSession(self._context, self._styles, label_id)

    @Slot()
    def change_label(self) -> ChangeLabelDialog | None:
        """Give all pixels of the chosen label to another one."""
        from app.dialogs.change_label import ChangeLabelDialog

        document, label_id = self._document, self._document.current_label
        if not self._has_region(label_id):
            return None
        if label_id in document.locked:
            sentence = self.tr("The pixels of {0} are locked; unlock the label first.")
            self._context.core.hub.notice(sentence.format(name_of(document.label_set, label_id)))
            return None
        area_share = area_text(document.regions.share(label_id))
        dialog = ChangeLabelDialog(document.label_set, label_id, area_share, self._context.window)
        dialog.chosen.connect(lambda target_label: self._change(label_id, target_label))
        dialog.open()
        return dialog

    # --- inside -------------------------------------------------------------------------------------

    def _change(self, source_label: int, target_label: int) -> None:
        if self._document.pixels.relabel(source_label, target_label):
            self._document.set_current_label(target_label)

    def _show_abilities(self, *_: object) -> None:
        """A morph is of painted pictures: where there is none, the menu says so."""
        possible = self._document.kind.morphs
        self._morph_action.setEnabled(possible)
        no_morphs = self.tr("Morphs are for paintings; in a photo use the strength slider of the edit.")
        self._morph_action.setToolTip(self._morph_tip if possible else no_morphs)

    def _has_region(self, label_id: int) -> bool:
        if self._document.regions.area(label_id) > 0:
            return True
        sentence = self.tr("There is no region of {0} in the label map; choose another label or paint one.")
        self._context.core.hub.notice(sentence.format(self._document.regions.name(label_id)))
        return False

    def _cannot(self, sentence: str) -> None:
        self._context.core.hub.notice(self._scope.lack(sentence))
