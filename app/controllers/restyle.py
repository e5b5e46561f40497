"""The document's styles for other weights: style codes belong to the weights that made them.

Pictures are encoded again first, in the background, so that a change of weights is one step and the document stays
complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject

from app.controllers.context import Context
from app.controllers.render import RenderController
from app.document.photo.frames import FrameState, states_in
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
        if any(image_parts(style) for state in states_in(document.scene) for style in state.styles.values()):
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
        to_regions = old_abilities.scope == "picture" and new_abilities.scope == "label"
        old_styles = {state.face: state.styles for state in states_in(document.scene)}
        wanted_styles = {
            state.face: own_regions(state.styles, state.style_locked) if to_regions else dict(state.styles)
            for state in states_in(document.scene)
        }
        styles = (style for wanted in wanted_styles.values() for style in wanted.values())
        pictures = list(dict.fromkeys(picture for style in styles for picture in image_parts(style)))

        def switch(new_styles: dict[ImageStyle, Style]) -> None:
            def wanted(state: FrameState) -> dict[int, Style]:
                if state.styles != old_styles.get(state.face):
                    return dict(state.styles)  # chosen meanwhile
                return {  # a region that the picture does not have takes the mean
                    region: style
                    for region, style in wanted_styles[state.face].items()
                    if style == state.styles[region] or style in new_styles
                }

            self._switch(weights_name, label_set, wanted, new_styles)

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
        self,
        weights_name: str,
        label_set: LabelSet,
        wanted: Callable[[FrameState], dict[int, Style]],
        new_styles: dict[ImageStyle, Style],
    ) -> None:
        """Paint with other weights from now on, in every frame: one step."""
        document, abilities = self._document, self._core.catalogue.abilities(weights_name)
        simplified, changed_states = 0, []
        for state in states_in(document.scene):
            styles, simplified_here = possible(wanted(state), new_styles, abilities, state.style_locked)
            if abilities.scope == "picture":
                styles = whole_picture(styles, state.areas, len(label_set), state.style_locked)
            simplified += simplified_here
            changed_states.append(FrameState({**state.values, "styles": styles}))
        own, *others = changed_states
        values = {"styles": own.styles, "other_frames": tuple(others)}
        document.change_model(weights_name, label_set=label_set, text=self.tr("Change model"), **values)
        if simplified:
            sentence = self.tr('{0} styles that "{1}" cannot have became something simpler; undo brings them back.')
            self._core.hub.notice(sentence.format(simplified, weights_name))
