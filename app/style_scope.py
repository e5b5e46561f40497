"""What one choice of a style decides: a label's region, or with some weights the whole picture.

Panels and controllers set styles through it, so that one set of controls serves every system.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from app.document.document import Document
from app.i18n import tr
from app.labels_text import name_of
from engine.request import Style
from engine.systems import Abilities

EVERYTHING = Abilities(paints=True, images=True, samples=True, blocks=6)


class StyleScope:
    """The document's styles as its weights take them."""

    def __init__(self, document: Document, abilities: Callable[[str], Abilities] = lambda _: EVERYTHING) -> None:
        """``abilities`` tells what the weights of a name can do."""
        self._document = document
        self._abilities = abilities

    @property
    def abilities(self) -> Abilities:
        """What the document's weights can do."""
        return self._abilities(self._document.weights)

    @property
    def whole_picture(self) -> bool:
        """True where one style decides the whole picture."""
        return self.abilities.scope == "picture"

    def labels(self, label: int) -> list[int]:
        """The labels that take a style chosen for ``label``."""
        return list(range(len(self._document.label_set))) if self.whole_picture else [label]

    def name(self, label: int) -> str:
        """What a style chosen for ``label`` is the style of, in the user's language."""
        if self.whole_picture:
            return tr("Whole picture")
        return name_of(self._document.label_set, label)

    def put(self, label: int, style: Style | None, *, text: str = "", merge: Hashable | None = None) -> None:
        """Choose a style, as one step; the same ``merge`` joins the steps of a drag."""
        text = text or tr("Style of {0}").format(self.name(label))
        self._document.set_styles(dict.fromkeys(self.labels(label), style), text, merge=merge)

    def locked(self, label: int) -> bool:
        """Whether the style stays when many change at once."""
        locked = self._document.style_locked
        return bool(locked) if self.whole_picture else label in locked

    def set_locked(self, label: int, locked: bool) -> None:
        """Lock or unlock a style, as one step."""
        self._document.set_style_locked(self.labels(label), locked)

    def unlocked(self, styles: dict[int, Style]) -> dict[int, Style]:
        """Of styles for many labels those that may be taken; with one style for the picture, the largest region's."""
        document = self._document
        if not self.whole_picture:
            return {label: style for label, style in styles.items() if label not in document.style_locked}
        if document.style_locked or not styles:
            return {}
        lead = max(styles, key=lambda label: int(document.areas[label]))
        return dict.fromkeys(self.labels(lead), styles[lead])
