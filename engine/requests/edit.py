"""Edit: restyle regions of a photograph; everything else stays, sample by sample."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta, structs

from engine.compose.change import RegionChange, region_change, tones_of
from engine.compose.colours import colour_tones
from engine.compose.composition import compose
from engine.compose.mattes import MAN_MADE, region_mattes
from engine.compose.own_colour import ONE_COLOURED
from engine.compose.samples import as_colours, in_colour
from engine.compose.tones import Tones
from engine.errors import BadRequest, Message, MissingStyle
from engine.files import PathLike
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.pictures.closeup import reduced
from engine.pictures.images import PICTURE_SUFFIXES, read_image, resize_image
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo, at_view_size, read_photo
from engine.pictures.profiles import from_srgb
from engine.requests.base import Frozen, Report, Request, Services
from engine.requests.json_text import to_json
from engine.requests.kept import file_identity
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import LabelMapFinder
from engine.requests.photo_frame import SIDE, Frame, KeptParser, as_seen
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import LOCKS, RenderRequest, read_codes
from engine.requests.style_pictures import label_map_of, notes_of
from engine.requests.styles import (
    ColourStyle,
    ImageStyle,
    Style,
    as_label,
    encode_code,
    located,
    simple_parts,
)

if TYPE_CHECKING:
    from engine.painting.painter import Painter

Array = np.ndarray
TonesAndNotes = tuple[Tones, tuple[str, ...]]


class RegionEdit(Frozen, frozen=True):
    """One row of the list of edits.

    label: whose region is restyled. style: what it takes. strength: 0 leaves the photo, 1 is the whole change.
    on: False keeps the row and does nothing.
    """

    label: Annotated[int, Meta(ge=0, le=255)]
    style: Style
    strength: Annotated[float, Meta(ge=0, le=1)] = 1.0
    on: bool = True

    def __post_init__(self) -> None:
        structs.force_setattr(self, "label", as_label(self.label, "label"))
        if not 0 <= self.strength <= 1:
            raise BadRequest('The key "strength" is {0}; give a number from 0 to 1.', self.strength)


@dataclass(frozen=True)
class EditResult:
    """The edited photo's samples, of the photo's own type and of the size that was asked for; the photo at that size,
    with what its file brought along; the request that they are the result of; seconds taken."""

    samples: Array
    photo: Photo
    request: EditRequest
    seconds: float
    notes: tuple[str, ...] = ()

    def save(self, path: PathLike, *, keep_place: bool = False) -> None:
        """As `write_photo`, by the name's suffix; a PNG carries its request. Raises BadFile.

        A photo inside the request has its place in it: without `keep_place` the PNG knows it by name and hash alone.
        """
        photo = self.request.photo.beside(path)
        request = self.request.replace(photo=photo if keep_place else photo.replace(data=None))
        write_photo(path, self.samples, self.photo, keep_place=keep_place, request_json=to_json(request))

    def facts(self) -> dict[str, Any]:
        """Its size, depth, and how many of its pixels differ from the file's."""
        changed = self.samples != self.photo.samples
        changed = changed.any(axis=-1) if changed.ndim == 3 else changed
        height, width = self.samples.shape[:2]
        size = {"width": width, "height": height, "bits": 8 * self.samples.dtype.itemsize}
        return {**size, "changed": float(changed.mean()), "seconds": self.seconds}

    def lines(self) -> list[str]:
        """The same, in one line."""
        facts = self.facts()
        size = f"{facts['width']} x {facts['height']}"
        return [f"{size}, {facts['bits']} bits  {facts['changed']:.1%} changed  {facts['seconds']:.2f} s"]


class EditRequest(Request[EditResult], frozen=True, tag="edit"):
    """Restyle regions of a photo.

    edits: at most one per label. label_map: of the whole photo, any size, given or corrected by the user; the parser
    finds it otherwise. view: longer side in pixels of the picture asked for, where a window needs no more; 0 is the
    photo's own size. style_locks, label_locks: as in `RenderRequest`, they decide nothing of the picture.
    """

    task: ClassVar[Message] = Message("restyle photos")
    suffixes: ClassVar[tuple[str, ...]] = PICTURE_SUFFIXES
    unless_empty: ClassVar[tuple[str, ...]] = LOCKS

    photo: PhotoReference
    edits: tuple[RegionEdit, ...]
    label_map: LabelMapData | None = None
    view: Annotated[int, Meta(ge=0)] = 0
    style_locks: tuple[int, ...] = ()
    label_locks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        labels = [edit.label for edit in self.edits]
        if len(set(labels)) < len(labels):
            raise BadRequest("The request edits one label twice; keep one edit per label.")
        for key in LOCKS:
            structs.force_setattr(self, key, tuple(sorted({as_label(label, key) for label in getattr(self, key)})))
        if self.view < 0:
            raise BadRequest('The key "view" is {0}; give a number of pixels, or 0 for the whole photo.', self.view)

    def located(self, folder: Path) -> EditRequest:
        """As `Request.located`."""
        edits = tuple(edit.replace(style=located(edit.style, folder)) for edit in self.edits)
        return self.replace(photo=self.photo.located(folder), edits=edits)

    def check_data(self) -> None:
        """A damaged photo or label map is found when the request is read."""
        self.photo.check_data()
        if self.label_map is not None:
            self.label_map.array()

    def run(self, services: Services, report: Report) -> EditResult:
        """Read the photo, find its regions, fit the changes, compose.

        Raises MissingPhoto, BadFile, BadLabelMap, BadRequest, MissingStyle, WeightsError, NotSupported, Cancelled.
        """
        started = time.perf_counter()
        report(0.0, Message("reading"))
        job = _Job(self, services, report)
        active = [edit for edit in self.edits if edit.on and edit.strength > 0]
        photo = job.coloured(self.view) if active else job.photo(self.view)
        changes = job.changes(active)

        def composed(share: float) -> None:
            report(0.6 + 0.4 * share, Message("restyling"))

        samples = compose(photo.samples, job.frame.whole_map, changes, report=composed)
        notes = [*notes_of(self.photo.path, photo.notes), *job.notes]
        return EditResult(samples, photo, self, time.perf_counter() - started, tuple(dict.fromkeys(notes)))


class _Job:
    """One run of an edit: what the steps share. Everything that is the same for the next edit of the photo is kept.

    notes: what a user should know, as it is found out.
    """

    def __init__(self, request: EditRequest, services: Services, report: Report) -> None:
        self.request, self.services, self.report = request, services, report
        self.painter: Painter = services.runtime(request)
        self.photo_key = request.photo.identity(services.kept)
        self.parser_name = services.shelf.parser_for(self.painter.label_set)  # reads all cards: once
        self.profile = self.photo(request.view).icc_profile
        report(0.1, Message("finding regions"))
        self.frame_key, self.frame = self._find_frame()
        self.notes: list[str] = [Message('"{0}": {1}', request.photo.name, warning) for warning in self.frame.warnings]

    def photo(self, view: int) -> Photo:
        """The photo, with its longer side reduced to `view` pixels, or as it is where that is 0."""
        kept, reference = self.services.kept, self.request.photo
        if view:
            return kept.get(("view", self.photo_key, view), lambda: at_view_size(self.photo(0), view))
        name = None if reference.data is None else f'"{reference.name}"'
        return kept.get(("photo", self.photo_key), lambda: read_photo(reference.source(), name=name))

    def coloured(self, view: int) -> Photo:
        """The same with samples that colour can be brought into: those of a grey photo become RGB."""
        photo = self.photo(view)
        if photo.samples.ndim == 3 and photo.samples.shape[2] > 2:
            return photo
        name = self.request.photo.name
        self.notes.append(Message('"{0}": its grey samples became RGB, as edits bring colour in.', name))
        return replace(photo, samples=in_colour(photo.samples), icc_profile=None)

    def _find_frame(self) -> tuple[Hashable, Frame]:
        kept, label_set, requested_map = self.services.kept, self.painter.label_set, self.request.label_map
        key = "frame", self.photo_key, requested_map, label_set, self.parser_name

        def analysed(shows_all: bool) -> Frame:
            looked_at = kept.get(("looked at", self.photo_key), lambda: reduced(as_seen(self.photo(0).samples)))
            return Frame.of(looked_at, requested_map, label_set, self._parser(), self.profile, shows_all=shows_all)

        frame = kept.get(key, lambda: analysed(False))
        if not frame.misses([edit.label for edit in self.request.edits if edit.on]):
            return key, frame
        return (*key, "whole"), kept.get((*key, "whole"), lambda: analysed(True))

    def _parser(self) -> LabelMapFinder | None:
        if self.parser_name is None:
            return None
        parser = self.services.shelf.parser(self.parser_name)
        return KeptParser(parser, self.services.kept, (self.photo_key, self.parser_name))

    def changes(self, edits: list[RegionEdit]) -> list[RegionChange]:
        """The edits' changes, fitted; an edit of a region that the photo does not have is left out, and a note says so.

        Raises BadRequest: there is none of the regions; what `_tones` raises.
        """
        frame, name = self.frame, self.request.photo.name
        possible = [edit for edit in edits if frame.shows(edit.label)]
        labels = tuple(edit.label for edit in possible)
        if edits and not possible:
            raise frame.no_region(edits[0].label)
        for edit in edits:
            region = frame.name_of(edit.label)
            if edit.label not in labels:
                self.notes.append(Message('"{0}": it has no region "{1}" to restyle.', name, region))
            elif edit.label in (*frame.cut_labels, 0) and frame.cut_labels:
                cut_regions = ", ".join(frame.name_of(label) for label in frame.cut_labels)
                note = Message('"{0}": the parser saw only a part of {1}; correct its label map.', name, cut_regions)
                self.notes.append(note)
        return [self._change(edit, labels) for edit in possible]

    def _change(self, edit: RegionEdit, labels: tuple[int, ...]) -> RegionChange:
        """One edit's change; `labels`: all that are edited together."""
        frame, kept = self.frame, self.services.kept
        tones_key, (tones, notes) = self._tones(edit)
        self.notes += notes

        def fitted() -> RegionChange:
            mattes = kept.get(
                ("mattes", self.frame_key, labels),
                lambda: region_mattes(
                    frame.colours,
                    frame.soft,
                    frame.label_map,
                    labels,
                    frame.outside(labels),
                    man_made=all(frame.name_of(label) in MAN_MADE for label in labels),
                ),
            )
            return region_change(
                frame.colours,
                frame.label_map,
                edit.label,
                mattes[edit.label],
                tones,
                box=frame.box,
                one_colour=_one_colour(self.painter.label_set, edit.label),
                man_made=frame.name_of(edit.label) in MAN_MADE,
            )

        return kept.get(("change", self.frame_key, labels, edit.label, tones_key), fitted).weakened(edit.strength)

    def _tones(self, edit: RegionEdit) -> tuple[Hashable, TonesAndNotes]:
        """What an edit's region is to look like: a colour, a photo's region, or what the model paints; and its key."""
        style, label_set = edit.style, self.painter.label_set
        files = tuple(
            file_identity(path)
            for simple_style in simple_parts(style)
            if isinstance(simple_style, ImageStyle)
            for path in (simple_style.path, simple_style.label_map_path or "")
        )
        key: tuple[Hashable, ...] = "tones", style, files, label_set
        if isinstance(style, ImageStyle) and files[0] is not None:
            key += self.parser_name, self.profile
            return key, self.services.kept.get(
                key, lambda: _photo_tones(style, label_set, self.services, self.profile)
            )
        key += self.frame_key, edit.label
        if isinstance(style, ColourStyle):
            return key, self.services.kept.get(key, lambda: (self._coloured_tones(style, edit.label), ()))
        key += self.painter.card.name, self.painter.card.identity
        return key, self.services.kept.get(key, lambda: self._painted_tones(edit))

    def _region(self, label: int) -> Array:
        return (self.frame.label_map == label).astype(np.float32)

    def _coloured_tones(self, style: ColourStyle, label: int) -> Tones:
        pixel = np.rint(np.array([[style.rgb()]]) * 255).astype(np.uint8)
        red, green, blue = (from_srgb(pixel, self.profile)[0, 0] / 255).tolist()
        one_colour = _one_colour(self.painter.label_set, label)
        own = tones_of(self.frame.colours, self._region(label), one_colour=one_colour)
        return colour_tones((red, green, blue), own)

    def _painted_tones(self, edit: RegionEdit) -> TonesAndNotes:
        """Tones of the region as the model paints it, all others in the photo's own styles."""

        def painting(painted_blocks: int, block_count: int) -> None:
            self.report(0.4, Message("painting"))

        painting(0, 1)
        frame, services = self.frame, self.services
        codes = services.codes.encode(self.painter, frame.pixels, frame.label_map)
        styles: dict[int, Style] = {
            int(n): ImageStyle(path="", label=int(n), code=encode_code(codes.codes[n]))
            for n in np.flatnonzero(codes.present)
        }
        label_map = LabelMapData.from_array(frame.label_map)
        request = RenderRequest(self.request.weights, label_map, {**styles, edit.label: edit.style})
        tensor, notes = read_codes(request, self.painter, services, self.report)
        pixels, _ = self.painter.paint(request, tensor, painting)
        one_colour = _one_colour(self.painter.label_set, edit.label)
        colours = as_colours(from_srgb(pixels, self.profile))
        return tones_of(colours, self._region(edit.label), one_colour=one_colour), tuple(notes)


def _one_colour(label_set: LabelSet, label: int) -> bool:
    return label < len(label_set) and label_set[label].name in ONE_COLOURED


def _photo_tones(
    style: ImageStyle, label_set: LabelSet, services: Services, profile: bytes | None
) -> TonesAndNotes:
    """Tones of a region of a style's photo, for a photo of that ICC profile.

    Raises MissingStyle: the style's photo does not show the region.
    """
    picture = read_image(style.path)
    pixels = reduced(picture.pixels)
    label_map, map_notes = label_map_of(services, label_set, style, pixels)
    region = resize_label_map(label_map, *pixels.shape[:2]) == style.label
    if not region.any():
        shown = [label_set[int(n)].name for n in np.unique(label_map) if n < len(label_set)]
        raise MissingStyle(
            '"{0}" has no region "{1}" to take a style from; its regions are {2}.',
            style.path,
            label_set[style.label].name,
            ", ".join(shown),
        )
    factor = SIDE / max(pixels.shape[:2])
    if factor < 1:
        size = max(1, round(pixels.shape[0] * factor)), max(1, round(pixels.shape[1] * factor))
        smaller = resize_label_map(region.astype(np.uint8), *size) > 0
        if smaller.any():
            pixels, region = resize_image(pixels, *size), smaller
    notes = (*notes_of(style.path, picture.notes), *map_notes)
    one_colour = _one_colour(label_set, style.label)
    colours = as_colours(from_srgb(pixels, profile))
    return tones_of(colours, region.astype(np.float32), one_colour=one_colour), notes
