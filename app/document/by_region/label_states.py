"""Labels of a document locked or hidden, and styles locked: each a step of the history."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from app.shell.i18n import tr

if TYPE_CHECKING:
    from app.document.document import Document


class LabelStates:
    """Sets `locked`, `hidden` and `style_locked` of a document. Raises BadRequest for labels that it does not have."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def set_locked(self, label: int, locked: bool) -> None:
        """Protects a label's pixels from brush and fills."""
        text = tr("Lock {0}") if locked else tr("Unlock {0}")
        self._change_members("locked", label, locked, text)

    def set_visible(self, label: int, visible: bool) -> None:
        """Shows or hides a label in the overlay."""
        text = tr("Show {0}") if visible else tr("Hide {0}")
        self._change_members("hidden", label, not visible, text)

    def set_style_locked(self, labels: int | Collection[int], locked: bool) -> None:
        """Keeps the style of one region, or of several, when many change at once; choosing one for this very region
        still changes it.
        """
        chosen_labels = frozenset(
            self._document.regions.checked(label) for label in ([labels] if isinstance(labels, int) else labels)
        )
        text = tr("Lock the style of {0}") if locked else tr("Unlock the style of {0}")
        name = self._document.regions.name(min(chosen_labels)) if len(chosen_labels) == 1 else tr("the picture")
        locked_labels = self._document.style_locked
        self._document.change(
            "style_locked",
            locked_labels | chosen_labels if locked else locked_labels - chosen_labels,
            text=text.format(name),
        )

    def show_only(self, label: int) -> None:
        """Hides every other label; asked again for the same one, shows all."""
        hidden_labels = frozenset(range(len(self._document.label_set))) - {self._document.checked(label)}
        if self._document.hidden == hidden_labels:
            self._document.change("hidden", frozenset(), text=tr("Show all labels"))
        else:
            text = tr("Show only {0}").format(self._document.regions.name(label))
            self._document.change("hidden", hidden_labels, text=text)

    def _change_members(self, field: str, label: int, member: bool, text: str) -> None:
        label = self._document.checked(label)
        other_members: frozenset[int] = getattr(self._document, field) - {label}
        self._document.change(
            field,
            other_members | {label} if member else other_members,
            text=text.format(self._document.regions.name(label)),
        )
