"""The list of edits as a whole: copied from one photo, pasted into another, in this window or in another one."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QGuiApplication

from app.controllers.context import Context
from app.controllers.styles import StylesController, Target
from app.panels.edits.panel import EditsPanel
from app.texts.label_names import name_of
from engine.errors import EngineError
from engine.requests.edit import RegionEdit
from engine.requests.edit_list import EditList, edit_list_text, read_edit_list


class EditsController(QObject):
    """Copies and pastes the edits of a photo, and gives a row of their list another style."""

    def __init__(
        self,
        context: Context,
        styles_controller: StylesController,
        edits_panel: EditsPanel,
        remove_action: QAction,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._scope = context.core.scope
        self._remove_action = remove_action
        document = self._document
        for changed in (document.edits_changed, document.current_label_changed, document.replaced):
            changed.connect(self._show_removable)
        self._show_removable()
        edits_panel.incoming.connect(
            lambda label_id, slot_name, incoming: styles_controller.use(
                incoming, Target(label_id, slot_name, pair=edits_panel.is_pair(label_id))
            )
        )
        edits_panel.file_wanted.connect(
            lambda label_id, slot_name: styles_controller.ask_file(
                Target(label_id, slot_name, pair=edits_panel.is_pair(label_id))
            )
        )

    @Slot()
    def copy(self) -> None:
        """The edits to the clipboard, as JSON."""
        edits = self._document.styling.edits if self._scope.edits_photo else ()
        copied = EditList.of(self._document.label_set, edits)
        if not copied.edits:
            self._context.core.hub.notice(self.tr("There are no edits to copy; change a region of a photo first."))
            return
        QGuiApplication.clipboard().setText(edit_list_text(copied))
        if len(copied.edits) < len(edits):
            self._context.core.hub.notice(self.tr("Pieces belong to this photo: their edits were not copied."))
        self._context.status.show_message(self.tr("Edits copied: {0}").format(len(copied.edits)))

    @Slot()
    def paste(self) -> None:
        """Take the edits on the clipboard; those that do not fit this photo are named and left out."""
        if not self._scope.edits_photo:
            self._context.core.hub.notice(self.tr("Edits are for photos; open one with File > New from photo first."))
            return
        try:
            edits = read_edit_list(QGuiApplication.clipboard().text()).edits_for(self._document.label_set)
        except EngineError as error:
            self._context.core.hub.error(error)
            return
        self._take(edits)

    @Slot()
    def remove(self) -> None:
        """The chosen region is the photo's again."""
        label_id = self._document.current_region
        if self._scope.may_change(label_id):
            self._document.styling.remove_edit(label_id)

    def _show_removable(self, *_: object) -> None:
        """A region that is the photo's has no change to remove."""
        is_changed = self._document.current_region in self._document.styles
        self._remove_action.setEnabled(self._scope.edits_photo and is_changed)

    def _take(self, edits: tuple[RegionEdit, ...]) -> None:
        document = self._document
        absent = [edit for edit in edits if not document.areas[edit.label]]
        locked = [edit for edit in edits if edit not in absent and self._scope.locked(edit.label)]
        boxed = [edit for edit in edits if edit not in absent + locked and self._scope.ends_in_a_box(edit.label)]
        fitting = [edit for edit in edits if edit not in absent + locked + boxed]
        for left_out, sentence in (
            (absent, self.tr("This photo does not show {0}; these edits were left out.")),
            (locked, self.tr("The style of {0} is locked; these edits were left out.")),
        ):
            if left_out:
                names = self.tr(", ").join(name_of(document.label_set, edit.label) for edit in left_out)
                self._context.core.hub.notice(sentence.format(names))
        if boxed:
            sentence = self.tr(
                "The edit of the background was left out: only the face was looked at, so it would end in a box. Count "
                "the rest as background first."
            )
            self._context.core.hub.notice(sentence, remedy="photo_rest")
        if fitting:
            document.styling.paste_edits(fitting)
            self._context.status.show_message(self.tr("Edits pasted: {0}").format(len(fitting)))
