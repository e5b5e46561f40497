"""Styles from pictures: from a drop, a dialog or the clipboard to style codes in the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QImage

from app.controllers.context import Context
from app.controllers.styling.region_maps import load_map
from app.dialogs.files import picture_filters
from app.document.opening import Painting
from app.imaging.mime import Incoming, keep_image
from app.imaging.thumbnails import make_thumbnails
from app.jobs.photos import Photo, file_key, find_regions, image_styles
from app.jobs.subject import SameModel, Subject
from app.jobs.work_lane import Work
from app.panels.labels import LabelsPanel
from app.panels.styles.panel import StylesPanel
from app.panels.styles.slots import join, split, with_slot
from app.raster.cropping import Cropping
from app.texts.label_names import name_of, pair_name
from engine.errors import EngineError
from engine.labels.label_sets import LabelSet
from engine.pictures.png import carries_style
from engine.requests.style_file import read_style
from engine.requests.styles import ColourStyle, ImageStyle, Style

if TYPE_CHECKING:
    from app.dialogs.regions import Purpose, RegionsDialog


@dataclass(frozen=True)
class Target:
    """Where a style goes: one slot of one label or piece, or (label None) every label's first slot. ``pair``: to the
    label that it is a pair with as well."""

    label: int | None = None
    slot: str = "a"
    pair: bool = False

    @property
    def purpose(self) -> Purpose:
        from app.dialogs.regions import Purpose

        return Purpose.ALL if self.label is None else Purpose.STYLE


class StylesController(QObject):
    """Finds the regions of a photo, lets the user correct them, encodes them and sets the styles."""

    def __init__(
        self, context: Context, styles_panel: StylesPanel, labels_panel: LabelsPanel, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._scope = context.core.scope
        self._photos: dict[tuple[object, ...], Photo] = {}
        styles_panel.card.incoming.connect(
            lambda label_id, slot_name, incoming: self.use(incoming, Target(label_id, slot_name))
        )
        styles_panel.incoming_for_all.connect(lambda incoming: self.use(incoming, Target()))
        styles_panel.card.file_wanted.connect(lambda label_id, slot_name: self.ask_file(Target(label_id, slot_name)))
        styles_panel.file_for_all_wanted.connect(self.choose_file_for_all)
        labels_panel.incoming.connect(lambda label_id, incoming: self.use(incoming, Target(label_id)))

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def choose_file(self) -> None:
        """A picture for the chosen label or piece."""
        self.ask_file(Target(self._document.current_region))

    @Slot()
    def choose_file_for_all(self) -> None:
        """A picture for all labels."""
        if not self._scope.may_change_some():
            return
        title = self.tr("All styles from a picture")
        picture_path = self._context.ask.open("photo", title, picture_filters())
        if picture_path is not None:
            self.use_file(picture_path, Target())

    @Slot()
    def reset_label(self) -> None:
        """The mean style for the chosen label or piece."""
        self._scope.put(self._document.current_region, None)

    @Slot()
    def reset_all(self) -> None:
        """The mean style for every label that is not locked, as one step."""
        if self._scope.may_change_some():
            unlocked_styles = self._scope.unlocked(self._document.styles)
            self._document.styling.set_styles(dict.fromkeys(unlocked_styles), self.tr("Reset all styles"))

    # --- from outside -------------------------------------------------------------------------------

    def labels(self, target: Target) -> list[int]:
        """The labels that take what is chosen for the target's label."""
        assert target.label is not None
        return self._scope.pair(target.label) if target.pair else [target.label]

    def name(self, target: Target) -> str:
        """What the target's style is the style of, in the user's language."""
        assert target.label is not None
        pair = self._document.label_set.pair_of(target.label) if target.pair else None
        return pair_name(pair) if pair is not None else self._scope.name(target.label)

    def use(self, incoming: Incoming, target: Target) -> None:
        """Take a style from whatever was dropped or pasted."""
        if incoming.colour is not None:
            self.use_colour(incoming.colour, target)
            return
        if not self._scope.abilities.images and incoming.style_of is None:
            sentence = self.tr('The weights "{0}" take no styles from pictures; choose others from the Model menu.')
            self._context.core.hub.notice(self._scope.lack(sentence))
            return
        if not self._open(target):
            return
        if incoming.style_of is not None:
            self._copy_style(incoming.style_of, target)
            return
        if incoming.files:
            if len(incoming.files) > 1:
                self._context.core.hub.notice(
                    self.tr("One style comes from one picture: only {0} was used.").format(incoming.files[0].name)
                )
            self.use_file(incoming.files[0], target)
        elif incoming.image is not None:
            self.keep(incoming.image, lambda picture_path: self.use_file(picture_path, target), only_for=self._document)

    def keep(self, image: QImage, use_file: Callable[[Path], object], *, only_for: Subject | None) -> None:
        """Give a picture that has no file one, in the user's cache, then call ``use_file`` with it."""
        self._context.core.submit(
            lambda work: keep_image(image),
            text=self.tr("Reading the picture"),
            on_done=use_file,
            only_for=only_for,
        )

    def takes_colours(self) -> bool:
        """Whether a colour is a style here; the user is told where it is not."""
        if not self._scope.takes_colours:
            sentence = self.tr('The weights "{0}" take no colours as styles; choose others from the Model menu.')
            self._context.core.hub.notice(self._scope.lack(sentence))
        return self._scope.takes_colours

    def use_colour(self, colour: str, target: Target) -> None:
        """Give a label's region a colour, "#rrggbb"; for all labels at once it would say nothing."""
        if target.label is None:
            target = replace(target, label=self._document.current_region)
        if self.takes_colours() and self._open(target):
            undo_text = self.tr("Colour of {0}").format(self.name(target))
            self._put(target, dict.fromkeys(self.labels(target), ColourStyle(colour)), undo_text)

    def use_file(self, picture_path: Path, target: Target) -> None:
        """Take a style (or all styles) from a picture file; from a kept style's file that style."""
        if carries_style(picture_path):
            self.use_kept(picture_path, target)
        elif self._open(target):
            self.photo(picture_path, lambda photo: self._regions_found(photo, target))

    def use_kept(self, style_path: Path, target: Target) -> None:
        """Take the style that a file of the library holds; without a label in the target, for the label that it was
        kept from."""
        try:
            kept = read_style(style_path)
        except EngineError as error:
            self._context.core.hub.error(error)
            return
        if not kept.fits(self._document.label_set):
            sentence = self.tr('The style "{0}" is for other regions than this document has.')
            self._context.core.hub.notice(sentence.format(kept.name))
            return
        if target.label is None:
            target = replace(target, label=kept.label)
        if (not isinstance(kept.style, ColourStyle) or self.takes_colours()) and self._open(target):
            self._put(target, dict.fromkeys(self.labels(target), kept.style), self._from(target, kept.name))

    def pick(self, picture_path: Path, label_id: int, use_result: Callable[[Style], object]) -> None:
        """Let the user take the style of a picture's region, looked for at ``label_id``; ``use_result`` gets it. The
        document stays as it is."""

        def use_style(styles: dict[int, ImageStyle], source_label: int) -> None:
            if source_label in styles:
                use_result(styles[source_label])

        def encode_region(photo: Photo, source_label: int) -> None:
            self.encode(photo, self._document.weights, lambda styles: use_style(styles, source_label))

        self.photo(picture_path, lambda photo: self._look_at(photo, Target(label_id), encode_region))

    def photo(
        self, picture_path: Path, use_result: Callable[[Photo], object], *, labels: LabelSet | None = None
    ) -> None:
        """Find the regions of a photo in the background, then call ``use_result`` in the GUI thread, unless the
        document is another one by then. ``labels``: the document's own unless given."""
        catalogue, label_set = self._context.core.catalogue, labels or self._document.label_set
        parser = catalogue.parser_for(label_set)
        photo_key = (*file_key(picture_path), parser, label_set.name)
        known_photo = self._photos.get(photo_key)
        if known_photo is not None:
            use_result(known_photo)
            return

        def keep_photo(photo: Photo) -> None:
            if len(self._photos) >= 16:
                self._photos.pop(next(iter(self._photos)))
            self._photos[photo_key] = photo
            for parser_note in photo.notes:
                self._context.core.hub.notice(parser_note)
            use_result(photo)

        self._context.core.submit(
            lambda work: find_regions(work, picture_path, label_set=label_set, parser=parser),
            text=self.tr("Reading {0}").format(picture_path.name),
            on_done=keep_photo,
            only_for=self._document,
        )

    def show_regions(
        self, photo: Photo, purpose: Purpose, use_result: Callable[[Photo, int], object], *, target: int | None = None
    ) -> None:
        """Open the dialog in which the user looks at the regions; ``use_result`` gets the photo and the source
        label."""
        dialog = self._regions_dialog(photo, self._document.label_set, purpose, target=target)
        dialog.used.connect(
            lambda label_map, source_label: use_result(self._corrected(dialog, photo, label_map), source_label)
        )

    def show_crop(self, photo: Photo, painting: Painting, use_result: Callable[[Photo, Cropping], object]) -> None:
        """Open the dialog in which the user looks at the regions, whose labels are those of ``painting``, and crops
        the photo for a new document; ``use_result`` gets both."""
        from app.dialogs.regions import Purpose

        dialog = self._regions_dialog(photo, painting.label_set, Purpose.NEW, painting=painting)
        dialog.cropped.connect(
            lambda label_map, cropping: use_result(self._corrected(dialog, photo, label_map), cropping)
        )

    def _regions_dialog(
        self,
        photo: Photo,
        label_set: LabelSet,
        purpose: Purpose,
        *,
        target: int | None = None,
        painting: Painting | None = None,
    ) -> RegionsDialog:
        from app.dialogs.regions import RegionsDialog

        dialog = RegionsDialog(
            photo,
            label_set,
            purpose,
            target=target,
            painting=painting,
            always_shown=self._context.core.settings.always_show_regions,
            parent=self._context.window,
        )
        dialog.map_wanted.connect(lambda: load_map(self._context, dialog, photo, label_set))
        dialog.open()
        return dialog

    def _corrected(self, dialog: RegionsDialog, photo: Photo, label_map: np.ndarray) -> Photo:
        """The photo with the regions of a dialog that is accepted, whose box for the next photos is kept."""
        self._context.core.settings.always_show_regions = not dialog.only_unsure.isChecked()
        return photo if np.array_equal(label_map, photo.label_map) else photo.with_map(label_map)

    def encode(self, photo: Photo, weights: str, use_result: Callable[[dict[int, ImageStyle]], object]) -> None:
        """Encode the photo's regions in the background, then call ``use_result`` with the style of each region, unless
        the document is another one, or painted with other weights, by then."""

        def work_on(work: Work) -> tuple[dict[int, ImageStyle], dict[ImageStyle, QImage | None]]:
            styles = image_styles(photo, self._context.core.codes.encode(work, weights, photo))
            return styles, make_thumbnails(styles.values(), photo.pixels, photo.label_map)

        def use_styles(encoded_styles: tuple[dict[int, ImageStyle], dict[ImageStyle, QImage | None]]) -> None:
            styles, thumbnails = encoded_styles
            self._context.core.thumbnails.take(thumbnails)
            use_result(styles)

        progress_text = self.tr("Encoding the styles of {0}").format(photo.path.name)
        self._context.core.submit(work_on, text=progress_text, on_done=use_styles, only_for=SameModel(self._document))

    # --- inside -------------------------------------------------------------------------------------

    def _open(self, target: Target) -> bool:
        """Whether locks let the target have another style; the user is told where they do not."""
        return self._scope.may_change_some() if target.label is None else self._scope.may_change(target.label)

    def ask_picture(self, target: Target) -> Path | None:
        """Ask for the picture that a label takes its style from."""
        title = self.tr("Style of {0} from a picture").format(self.name(target))
        return self._context.ask.open("photo", title, picture_filters())

    def ask_file(self, target: Target) -> None:
        """Ask for the picture of a label's slot, and take its style."""
        if not self._open(target):
            return
        picture_path = self.ask_picture(target)
        if picture_path is not None:
            self.use_file(picture_path, target)

    def _regions_found(self, photo: Photo, target: Target) -> None:
        self._look_at(photo, target, lambda corrected, source_label: self._apply(corrected, target, source_label))

    def _look_at(self, photo: Photo, target: Target, use_result: Callable[[Photo, int], object]) -> None:
        """Show the regions where they are unsure or the user wants to see them, then go on."""
        wanted = None if target.label is None else self._document.regions.label_of(target.label)
        region_missing = wanted is not None and not (photo.label_map == wanted).any()
        wants_to_look = self._context.core.settings.always_show_regions and not photo.known
        if photo.unsure or region_missing or wants_to_look or wanted in photo.doubtful:
            self.show_regions(photo, target.purpose, use_result, target=wanted)
        else:
            use_result(photo, -1 if wanted is None else wanted)

    def _apply(self, photo: Photo, target: Target, source_label: int) -> None:
        self.encode(photo, self._document.weights, lambda styles: self._set(styles, target, source_label, photo))

    def _set(self, styles: dict[int, ImageStyle], target: Target, source_label: int, photo: Photo) -> None:
        document = self._document
        if target.label is None:
            undo_text = self.tr("All styles from {0}").format(photo.path.name)
            taken_styles = self._scope.unlocked(dict(styles))
            document.styling.set_styles(taken_styles, undo_text)
            self._context.status.show_message(self.tr("{0} styles taken").format(len(taken_styles)))
            return
        labels = self.labels(target)
        each_its_own = len(labels) > 1 and source_label in labels  # the left eye's style for the left eye
        taken = {
            label_id: (styles.get(label_id) if each_its_own else None) or styles.get(source_label)
            for label_id in labels
        }
        chosen_styles = {label_id: style for label_id, style in taken.items() if style is not None}
        if not chosen_styles:
            sentence = self.tr("The region {0} of {1} is too small to give a style: paint it larger.")
            self._context.core.hub.error(sentence.format(name_of(document.label_set, source_label), photo.path.name))
            return
        self._put(target, chosen_styles, self._from(target, photo.path.name))

    def _put(self, target: Target, styles: Mapping[int, Style], undo_text: str) -> None:
        """Give the labels of a target their styles, in one step."""
        assert target.label is not None
        if self._scope.may_change(target.label):
            self._scope.put_all(
                {
                    label_id: join(with_slot(split(self._document.style(label_id)), target.slot, style))
                    for label_id, style in styles.items()
                },
                undo_text,
            )
            self._document.set_current_region(target.label)

    def _from(self, target: Target, source_name: str) -> str:
        """What undo calls a style that comes from there."""
        return self.tr("Style of {0} from {1}").format(self.name(target), source_name)

    def _copy_style(self, source_label: int, target: Target) -> None:
        if target.label is None or target.label == source_label or self._scope.whole_picture:
            return
        label_text = self._document.regions.name(source_label)
        style = (
            split(self._document.style(source_label)).a if target.slot == "b" else self._document.style(source_label)
        )
        if target.slot == "a":
            undo_text = self.tr("Style of {0} from {1}").format(self._document.regions.name(target.label), label_text)
            self._scope.put(target.label, style, text=undo_text)
        else:
            self._put(target, {target.label: style}, self._from(target, label_text))
