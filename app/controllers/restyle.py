"""The document's styles for other weights: style codes belong to the weights that made them.

Pictures are encoded again first, in the background, so that a change of weights is one step and the document stays
complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject

from app.controllers.context import Context
from app.controllers.render import RenderController
from app.jobs.restyle import encode_again, image_parts, own_regions, possible, whole_picture, with_codes
from app.jobs.subject import SameModel
from engine.labels.label_sets import LabelSet
from engine.requests.styles import ImageStyle, Style


class RestyleController(QObject):
    """Encodes pictures again where the weights that made their style codes are not those that paint."""

    def __init__(self, context: Context, render_controller: RenderController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._core = context.core
        self._document = context.core.document
        self._render = render_controller

    def renew(self) -> None:
        """The document's weights are others now, under the same name: encode its pictures again, then paint."""
        document = self._document
        if any(image_parts(style) for style in document.styles.values()):
            self.change_weights(document.weights, document.label_set)
        else:
            self._render.render_now()

    def fresh(
        self, styles: Mapping[int, Style], weights: str, use_styles: Callable[[dict[int, Style]], object]
    ) -> None:
        """Call ``use_styles`` with styles that come from a file or from the strip of results: codes that other weights
        made than those that have the name ``weights`` now are encoded again from their pictures, in the background.
        Those whose picture is gone, or too small there, stay: the engine says what is missing."""
        identity = self._core.catalogue.identity(weights)
        foreign_pictures = [
            picture_style
            for style in styles.values()
            for picture_style in image_parts(style)
            if picture_style.foreign(identity)
        ]
        if not foreign_pictures:
            use_styles(dict(styles))
            return
        label_set = self._core.catalogue.label_set(weights)

        def use_replacements(replacements: dict[ImageStyle, Style]) -> None:
            use_styles({label_id: with_codes(style, replacements, keep=True) for label_id, style in styles.items()})

        self._core.submit(
            lambda work: encode_again(work, weights, dict.fromkeys(foreign_pictures), label_set, self._core.codes),
            text=self.tr("Encoding the styles again"),
            on_done=use_replacements,
            only_for=self._document,
        )

    def change_weights(self, weights_name: str, label_set: LabelSet) -> None:
        """Change to the weights `weights_name`, which know the document's labels, once its pictures are encoded for
        them."""
        document = self._document
        old_abilities, new_abilities = self._core.scope.abilities, self._core.catalogue.abilities(weights_name)
        styles = document.styles
        if old_abilities.scope == "picture" and new_abilities.scope == "label":
            styles = own_regions(styles, document.style_locked)
        pictures = list(
            dict.fromkeys(picture_style for style in styles.values() for picture_style in image_parts(style))
        )
        old_styles = document.styles

        def switch(new_styles: dict[ImageStyle, Style]) -> None:
            wanted_styles = document.styles
            if wanted_styles == old_styles:  # a region that the picture does not have takes the mean
                missing_ids = {
                    label_id
                    for label_id, style in styles.items()
                    if style != old_styles[label_id] and style not in new_styles
                }
                wanted_styles = {label_id: style for label_id, style in styles.items() if label_id not in missing_ids}
            self._switch(weights_name, label_set, wanted_styles, new_styles)

        if not pictures:
            switch({})
            return
        self._core.submit(
            lambda work: encode_again(work, weights_name, pictures, label_set, self._core.codes),
            text=self.tr("Encoding the styles again"),
            on_done=switch,
            only_for=SameModel(document),
        )

    def _switch(
        self, weights_name: str, label_set: LabelSet, styles: dict[int, Style], new_styles: dict[ImageStyle, Style]
    ) -> None:
        """Paint with other weights from now on: one step."""
        document, abilities = self._document, self._core.catalogue.abilities(weights_name)
        allowed_styles, simplified = possible(styles, new_styles, abilities, document.style_locked)
        if abilities.scope == "picture":
            allowed_styles = whole_picture(allowed_styles, document.areas, len(label_set), document.style_locked)
        document.change_model(weights_name, allowed_styles, label_set=label_set, text=self.tr("Change model"))
        if simplified:
            sentence = self.tr('{0} styles that "{1}" cannot have became something simpler; undo brings them back.')
            self._core.hub.notice(sentence.format(simplified, weights_name))
