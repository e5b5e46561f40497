"""Styles of a document by region, and in a photo the list of edits that they make; each change a step of the history.

A row of that list is no value of its own: it is a label's style, its strength and whether it is switched on, so all
that gives a label a style makes a row, and one without a style has none.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING

from app.document.edit_rows import by_label, rows_of
from app.shell.i18n import tr
from app.texts.label_names import names_of
from engine.requests.edit import RegionEdit
from engine.requests.styles import MeanStyle, Style

if TYPE_CHECKING:
    from app.document.document import Document


class LabelStyles:
    """Sets `styles`, `strengths` and `switched_off` of a document. Raises BadRequest for labels that it does not have,
    and for wrong values."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @property
    def edits(self) -> tuple[RegionEdit, ...]:
        """The rows of the list of edits, in the order of the labels, those of pieces below their labels'."""
        pieces = self._document.pieces
        rows = rows_of(self._document.styles, self._document.strengths, self._document.switched_off)
        return tuple(sorted(rows, key=lambda row: (pieces.get(row.label, row.label), row.label)))

    def set_styles(
        self, styles: Mapping[int, Style | None], text: str | None = None, *, merge: Hashable | None = None
    ) -> None:
        """Chooses the styles of labels and pieces in one step; those that are not named keep theirs.

        None or MeanStyle is the weights' mean, and in a photo the photo itself. What is chosen is seen: a change that
        was switched off is on again. `merge` as in `Document.change`.
        """
        document = self._document
        chosen_styles = {document.regions.checked(region): style for region, style in styles.items()}
        removed = {label for label, style in chosen_styles.items() if style is None or isinstance(style, MeanStyle)}
        document.change_values(
            {
                "styles": {**document.styles, **chosen_styles},
                "strengths": {label: value for label, value in document.strengths.items() if label not in removed},
                "switched_off": document.switched_off - chosen_styles.keys(),
            },
            text or tr("Change styles"),
            merge=merge,
        )

    def set_strength(
        self, label: int, strength: float, *, also: tuple[int, ...] = (), merge: Hashable | None = None
    ) -> None:
        """Shows so much of a region's change, 0 to 1; `also`: of the other of its pair. `merge` as in
        `Document.change`."""
        text = tr("Strength of {0}").format(self._name(label, *also))
        strengths = {**self._document.strengths, **dict.fromkeys((label, *also), strength)}
        self._document.change("strengths", strengths, text=text, merge=merge)

    def set_edit_on(self, label: int, on: bool, *, also: tuple[int, ...] = ()) -> None:
        """Shows a region's change, or the photo in its place; `also`: that of the other of its pair."""
        text = tr("Switch {0} on") if on else tr("Switch {0} off")
        labels = {self._document.regions.checked(each) for each in (label, *also)}
        switched_off = self._document.switched_off - labels if on else self._document.switched_off | labels
        self._document.change("switched_off", switched_off, text=text.format(self._name(label, *also)))

    def remove_edit(self, label: int, *, also: tuple[int, ...] = ()) -> None:
        """Takes a row away: its region is the photo's again; `also`: the other of its pair. One step."""
        text = tr("Remove the change of {0}").format(self._name(label, *also))
        self.set_styles(dict.fromkeys((label, *also)), text)

    def paste_edits(self, pasted: Iterable[RegionEdit]) -> tuple[int, ...]:
        """Takes rows of another photo; those of labels that are not named stay. One step.

        Returns the labels that this document's label set lacks: their rows are left out.
        """
        document, all_edits = self._document, tuple(pasted)
        known_edits = [edit for edit in all_edits if edit.label < len(document.label_set)]
        labels, pasted_values = frozenset(edit.label for edit in known_edits), by_label(known_edits)
        document.change_values(
            {
                "styles": {**document.styles, **pasted_values["styles"]},
                "strengths": {**document.strengths, **pasted_values["strengths"]},
                "switched_off": document.switched_off - labels | {*pasted_values["switched_off"]},
            },
            tr("Paste edits"),
        )
        return tuple(edit.label for edit in all_edits if edit.label not in labels)

    def _name(self, *labels: int) -> str:
        regions = self._document.regions
        return names_of(self._document.label_set, [regions.checked(label) for label in labels], self._document.pieces)
