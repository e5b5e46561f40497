"""What one choice of a style decides: a label's region, or with some weights the whole picture.

Panels and controllers set styles through it, so that one set of controls serves every system.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

from app.document.document import BACKGROUND, Document
from app.shell.i18n import tr
from app.texts.label_names import style_source
from engine.labels.looked_at import UNSEEN, unseen
from engine.labels.pieces import is_piece
from engine.pictures.closeup import has_background
from engine.requests.styles import MeanStyle, Style
from engine.systems.base import Abilities


class StyleScope:
    """The document's styles as its weights take them."""

    def __init__(
        self,
        document: Document,
        abilities: Callable[[str], Abilities],
        tell: Callable[..., object],
    ) -> None:
        """``abilities``: what the weights of a name can do. ``tell``: says to the user why a style stays as it is; its
        keyword ``remedy`` names the command that helps."""
        self._document = document
        self._abilities = abilities
        self._tell = tell

    @property
    def abilities(self) -> Abilities:
        """What the document's weights can do for it: nothing by styles where these change nothing."""
        of_weights = self._abilities(self._document.weights)
        if self.takes_styles:
            return of_weights
        return replace(of_weights, images=False, samples=False, pieces=False, blocks=0, begins_drawn=False)

    @property
    def takes_styles(self) -> bool:
        """False where no style changes the picture, whatever the weights can do: with some kinds of photo documents."""
        return self._document.kind.takes_styles

    def lack(self, of_weights: str) -> str:
        """Why a style cannot be chosen. ``of_weights``: a translated template that says it of weights, by name."""
        return of_weights.format(self._document.weights) if self.takes_styles else _no_styles()

    @property
    def edits_photo(self) -> bool:
        """True where the document is a photo, and a style changes a region of it."""
        return self._document.kind.lists_edits

    @property
    def whole_picture(self) -> bool:
        """True where one style decides the whole picture."""
        return self.abilities.scope == "picture"

    @property
    def takes_colours(self) -> bool:
        """True where a plain colour is a style: in photos, and where weights encode a region's picture."""
        return self.edits_photo or (self.abilities.images and not self.whole_picture)

    @property
    def takes_pieces(self) -> bool:
        """True where a piece of a label can have a style of its own."""
        return self.edits_photo or self.abilities.pieces

    def labels(self, label: int) -> list[int]:
        """The labels that take a style chosen for ``label``, or the piece itself that it is."""
        return list(range(len(self._document.label_set))) if self.whole_picture else [label]

    def pair(self, label: int) -> list[int]:
        """The labels that are mostly restyled together with one, itself first: those that the picture shows and no
        lock keeps."""
        pair = None if self.whole_picture else self._document.label_set.pair_of(label)
        pair_labels = () if pair is None else pair.labels
        return [label, *(n for n in pair_labels if n != label and self._document.areas[n] > 0 and not self.locked(n))]

    def name(self, label: int) -> str:
        """What a style chosen for ``label`` is the style of, in the user's language."""
        if self.whole_picture:
            return tr("Whole picture")
        return self._document.regions.name(label)

    def source(self, label: int) -> str:
        """One short line: where the style of a label comes from; in a photo a region without one is the photo's."""
        style = self._document.style(label)
        if self.edits_photo and isinstance(style, MeanStyle):
            return tr("As in the photo")
        return style_source(style, self._document.regions.label_of(label), self._document.label_set)

    def may_change(self, label: int) -> bool:
        """Whether a label's style can be chosen; the user is told where a lock keeps it, it changes nothing, the
        label is `UNSEEN`, or a new background would end in a box, at the part that was looked at."""
        if not self._changes_something():
            return False
        if label == UNSEEN:
            self._tell(
                tr("Nobody looked there: outside the dashed frame the photo stays as it is. Paint its labels first."),
                remedy="photo_rest",
            )
            return False
        if self.ends_in_a_box(label):
            self._tell(
                tr(
                    "Only the face was looked at: a new background would end in a box, at the dashed frame. Count the "
                    "rest as background, body and all, or paint its labels first."
                ),
                remedy="photo_rest",
            )
            return False
        if not self.locked(label):
            return True
        self._tell(tr("The style of {0} is locked; unlock it to change it.").format(self.name(label)))
        return False

    def ends_in_a_box(self, label: int) -> bool:
        """Whether a style of this label, which has none yet, would end where a parser looked."""
        document = self._document
        is_new = document.pieces.get(label, label) == BACKGROUND and label not in document.styles
        is_new = is_new and has_background(document.label_set)
        return is_new and bool(unseen(document.label_map, document.looked_at).any())

    def may_change_some(self) -> bool:
        """As `may_change`, whether any style of the picture can be chosen."""
        if not self._changes_something():
            return False
        document = self._document
        present = [label.id for label in document.label_set.labels if document.areas[label.id] > 0]
        if not all(self.locked(label) for label in present):
            return True
        self._tell(tr("All styles are locked; unlock one to change it."))
        return False

    def _changes_something(self) -> bool:
        if not self.takes_styles:
            self._tell(_no_styles())
        return self.takes_styles

    def put(self, label: int, style: Style | None, *, text: str = "", merge: Hashable | None = None) -> None:
        """Choose a style, as one step; the same ``merge`` joins the steps of a drag. A locked one stays."""
        if not self.may_change(label):
            return
        text = text or tr("Style of {0}").format(self.name(label))
        self._document.styling.set_styles(dict.fromkeys(self.labels(label), style), text, merge=merge)

    def put_all(self, styles: Mapping[int, Style], text: str, *, merge: Hashable | None = None) -> None:
        """Choose the styles of several labels, as one step. Locked ones stay."""
        by_label = {each: style for label, style in styles.items() for each in self.labels(label)}
        self._document.styling.set_styles(self.unlocked(by_label), text, merge=merge)

    def locked(self, label: int) -> bool:
        """Whether the style stays as it is, whatever is rolled, dropped or chosen, until it is unlocked."""
        locked = self._document.style_locked
        return bool(locked) if self.whole_picture else label in locked

    def set_locked(self, label: int, locked: bool) -> None:
        """Lock or unlock a style, as one step."""
        self._document.label_states.set_style_locked(self.labels(label), locked)

    def unlocked(self, styles: dict[int, Style]) -> dict[int, Style]:
        """Of styles for many labels those that may be taken; with one style for the picture, the largest region's."""
        document = self._document
        if not self.whole_picture:
            kept = {label for label in styles if label in document.style_locked or self.ends_in_a_box(label)}
            return {label: style for label, style in styles.items() if label not in kept}
        styles = {label: style for label, style in styles.items() if not is_piece(label)}
        if document.style_locked or not styles:
            return {}
        lead = max(styles, key=lambda label: int(document.areas[label]))
        return dict.fromkeys(self.labels(lead), styles[lead])


def _no_styles() -> str:
    return tr("Styles change nothing in this document; use its own panel.")
