"""How a photo is edited: its regions found, changes fitted on a small copy, composed at the size that was asked for."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.compose.change import RegionChange, region_change, tones_of
from engine.compose.colours import colour_tones
from engine.compose.composition import FrameChanges, compose_frames
from engine.compose.mattes import border_of, region_mattes, together, touch, without_rest
from engine.compose.own_colour import ONE_COLOURED
from engine.compose.samples import as_colours, as_seen, in_colour
from engine.compose.sharing import Claim, merged
from engine.compose.strands import STRANDED
from engine.compose.tones import BY_SPREAD, Tones
from engine.errors import BadRequest, Message
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.pieces import number_of
from engine.pictures.closeup import has_background, reduced
from engine.pictures.images import read_image, resize_image
from engine.pictures.photos import Photo, at_view_size
from engine.pictures.profiles import from_srgb
from engine.requests.base import Report, Services
from engine.requests.editing.aim import aimed
from engine.requests.editing.face import frame_around_face
from engine.requests.editing.filled_hole import with_filled
from engine.requests.editing.frame import SIDE, Frame, KeptParser
from engine.requests.editing.frames import frames_of, own_part, shared_out
from engine.requests.editing.reshape import ReshapedFrame, added_styles, changes_beyond, photo_styles, reshaped_frame
from engine.requests.kept import file_identity
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import LabelMapFinder
from engine.requests.render import RenderRequest, read_codes
from engine.requests.style_pictures import label_map_of, notes_of, require_region
from engine.requests.styles import ColourStyle, ImageStyle, Style, simple_parts

if TYPE_CHECKING:
    from engine.painting.painter import Painter
    from engine.requests.edit import EditRequest, RegionEdit

Array = np.ndarray
TonesAndNotes = tuple[Tones, tuple[str, ...]]


def edited(request: EditRequest, services: Services, report: Report) -> tuple[Array, Photo, tuple[str, ...]]:
    """The edited photo's samples, the photo at that size, and what a user should know. Raises as `EditRequest.run`."""
    jobs = [_Job(request.of_frame(frame), claim, services, report) for frame, claim in frames_of(request)]
    restyles = any(job.active_edits for job in jobs)
    photo, original = jobs[0].photo(request.view), jobs[0].original(request.view)
    if restyles and (photo.samples.ndim == 2 or photo.samples.shape[2] == 2):
        photo, original = coloured(photo), coloured(original)
        name = request.photo.name
        jobs[0].notes.append(Message('"{0}": its grey samples became RGB, as edits bring colour in.', name))
    if all(job.shows_nothing for job in jobs):
        raise jobs[0].no_region()
    frames = [FrameChanges(job.frame.whole_map, job.changes(), job.claim) for job in jobs]

    def composed(share: float) -> None:
        report(0.6 + 0.4 * share, Message("restyling"))

    samples = compose_frames(_reshaped(photo, jobs), frames, report=composed)
    notes = [*notes_of(request.photo.path, photo.notes), *(note for job in jobs for note in job.notes)]
    return samples, original, tuple(dict.fromkeys(notes))


def coloured(photo: Photo) -> Photo:
    """A grey photo with RGB samples, which colour can be brought into."""
    return replace(photo, samples=in_colour(photo.samples), icc_profile=None)


def _reshaped(photo: Photo, jobs: list[_Job]) -> Array:
    """Samples of the photo with the regions of all its frames in the shapes that are wanted."""
    reshaping = [job for job in jobs if job.reshapes]
    if len(reshaping) > 1:
        return merged(photo.samples, [(job.kept_reshaped(photo), job.claim) for job in reshaping])
    return reshaping[0].kept_reshaped(photo) if reshaping else photo.samples


def photo_regions(request: EditRequest, services: Services, report: Report) -> tuple[Array, tuple[int, int]]:
    """The label map (h, w) of the whole photo that an edit of one frame sees, any size, with `UNSEEN` where nobody
    looked; and the photo's height and width. Raises as `EditRequest.run`."""
    height, width = request.photo.read(services.kept, request.photo.identity(services.kept)).samples.shape[:2]
    return _Job(request, None, services, report).frame.whole_map, (height, width)


class _Job:
    """One run of an edit of one frame: what the steps share. Everything that is the same for the next edit of the photo
    is kept.

    edits: the request's, with the frame's ids in place of labels and pieces. active_edits: those that do something,
    where their region is. claim: what the frame has of the photo
    beside others. notes: what a user should know, as it is found out.
    """

    def __init__(self, request: EditRequest, claim: Claim | None, services: Services, report: Report) -> None:
        self.request, self.claim, self.services, self.report = request, claim, services, report
        self.painter: Painter = services.runtime(request)
        self.file_key = request.photo.identity(services.kept)
        self.photo_key: Hashable = self.file_key
        if request.filled_holes:
            self.photo_key = "filled", self.file_key, request.filled_holes
        self.parser_name = services.shelf.parser_for(self.painter.label_set)  # reads all cards: once
        self.profile = self.photo(request.view).icc_profile
        label_count = len(self.painter.label_set)
        self._ids = {piece: label_count + number for number, piece in enumerate(request.pieces)}
        self.edits = [edit.replace(label=self._ids.get(edit.label, edit.label)) for edit in request.edits]
        self.active_edits = [edit for edit in self.edits if edit.on and edit.strength > 0]
        report(0.1, Message("finding regions"))
        self._reshape: ReshapedFrame | None = None
        self._reshape_key: Hashable = None
        self.frame_key, self.frame = self._find_frame(request.label_map, self.photo_key)
        if request.reshaped_map is not None:
            self._reshape_key, self._reshape = self._find_reshape()
            self.frame_key, self.frame = self._find_frame(request.reshaped_map, self._reshape_key)
        if request.pieces:
            self.frame_key, self.frame = self._in_pieces(self.frame_key, self.frame)
        self.notes: list[str] = [Message('"{0}": {1}', request.photo.name, warning) for warning in self.frame.warnings]

    def photo(self, view: int) -> Photo:
        """The photo with its holes filled, its longer side reduced to `view` pixels, or as it is where that is 0."""
        kept, holes = self.services.kept, self.request.filled_holes
        if view:
            return kept.get(("view", self.photo_key, view), lambda: at_view_size(self.photo(0), view))
        photo = self.original(0)
        if not holes:
            return photo
        return kept.get(self.photo_key, lambda: replace(photo, samples=with_filled(photo.samples, holes)))

    def original(self, view: int) -> Photo:
        """The photo as its file has it, at that size."""
        kept = self.services.kept
        if view:
            return kept.get(("view", self.file_key, view), lambda: at_view_size(self.original(0), view))
        return self.request.photo.read(kept, self.file_key)

    @property
    def reshapes(self) -> bool:
        """Whether regions get other shapes."""
        return self._reshape is not None

    def reshaped(self, samples: Array) -> Array:
        """Samples of the photo at any size, with its regions in the shapes that are wanted."""
        return samples if self._reshape is None else self._reshape.of(samples)

    def kept_reshaped(self, photo: Photo) -> Array:
        """The same of the photo at the size that is asked for, kept for its next edit."""
        if self._reshape is None:
            return photo.samples
        key = "reshaped", self._reshape_key, self.request.view, photo.samples.shape

        def report(share: float) -> None:
            self.report(0.5 + 0.1 * share, Message("restyling"))

        reshape = self._reshape
        return self.services.kept.get(key, lambda: reshape.of(photo.samples, report))

    def _find_frame(
        self, label_map: LabelMapData | None, photo_key: Hashable, *, shows_all: bool = False
    ) -> tuple[Hashable, Frame]:
        """The frame on which changes are fitted, and its key. photo_key: of the photo with the regions of that map."""
        kept, label_set, request = self.services.kept, self.painter.label_set, self.request
        key: tuple[Hashable, ...] = "frame", photo_key, label_map, request.looked_at, label_set, self.parser_name
        key = key if request.face is None else (*key, request.face, self.claim)

        def analysed(shows_all: bool) -> Frame:
            if request.face is not None:
                frame = frame_around_face(
                    self.reshaped(as_seen(self.photo(0).samples)),
                    request.face,
                    label_set,
                    self._parser(),
                    self.profile,
                    looked_at=request.looked_at,
                    requested_map=own_part(label_map, self.claim),
                    shows_all=shows_all,
                )
                return shared_out(frame, self.claim)
            seen = kept.get(("as seen", photo_key), lambda: self.reshaped(reduced(as_seen(self.photo(0).samples))))
            looked_at = request.looked_at
            return Frame.of(
                seen, label_map, label_set, self._parser(), self.profile, looked_at=looked_at, shows_all=shows_all
            )

        if not shows_all:
            frame = kept.get(key, lambda: analysed(False))
            parted = self._in_pieces(key, frame)[1] if request.pieces else frame
            if not parted.misses([edit.label for edit in self.edits if edit.on]):
                return key, frame
        return (*key, "whole"), kept.get((*key, "whole"), lambda: analysed(True))

    def _in_pieces(self, key: Hashable, frame: Frame) -> tuple[Hashable, Frame]:
        """A frame with its labels parted into the request's pieces, and its key."""
        pieces, piece_map = self.request.pieces, self.request.piece_map
        assert piece_map is not None  # the request has seen to it
        key = "pieces", key, tuple(pieces.items()), piece_map
        return key, self.services.kept.get(key, lambda: frame.in_pieces(piece_map.array(), pieces))

    def _name(self, region: int) -> str:
        """What a region of the frame is called in sentences."""
        numbers = [number_of(piece) for piece, region_id in self._ids.items() if region_id == region]
        name = self.frame.name_of(region)
        return Message("{0}, piece {1}", name, numbers[0]) if numbers else name

    def _find_reshape(self) -> tuple[Hashable, ReshapedFrame]:
        """What the photo's regions become, and the key of the photo that has them."""
        request, frame_key, frame = self.request, self.frame_key, self.frame
        if changes_beyond(request, frame):
            frame_key, frame = self._find_frame(request.label_map, self.photo_key, shows_all=True)
        added = added_styles(request, photo_styles(self.painter, frame, self.services))
        new_styles = tuple((label, style, _files_of(style)) for label, style in added.items())
        card = self.painter.card
        key = "reshape", frame_key, request.reshaped_map, new_styles, card.name, card.identity
        return key, self.services.kept.get(
            key,
            lambda: reshaped_frame(request, frame, self.painter, self.services, self.profile, self.report),
        )

    def _parser(self) -> LabelMapFinder | None:
        if self.parser_name is None:
            return None
        parser = self.services.shelf.parser(self.parser_name)
        return KeptParser(parser, self.services.kept, (self.photo_key, self.parser_name))

    @property
    def shows_nothing(self) -> bool:
        """Whether there are edits, none of which finds its region in the frame."""
        return bool(self.active_edits) and not any(self.frame.shows(edit.label) for edit in self.active_edits)

    def no_region(self) -> BadRequest:
        """The error that says so."""
        return self.frame.no_region(self._name(self.active_edits[0].label))

    def changes(self) -> list[RegionChange]:
        """The active edits' changes, fitted; one of a region that the photo lacks is left out, and a note says so.

        Raises BadRequest: the background ends where a parser looked; what `_tones` raises.
        """
        frame, name = self.frame, self.request.photo.name
        possible = [edit for edit in self.active_edits if frame.shows(edit.label)]
        labels = tuple(edit.label for edit in possible)
        ends_in_a_box = self.request.label_map is None and frame.has_unseen and has_background(frame.label_set)
        for edit in self.active_edits:
            region = self._name(edit.label)
            if frame.label_of(edit.label) == 0 and ends_in_a_box:
                raise frame.ends_in_a_box(name, region)
            if edit.label not in labels and self.claim is None:
                self.notes.append(Message('"{0}": it has no region "{1}" to restyle.', name, region))
            elif edit.label not in labels:
                self.notes.append(Message('"{0}": one of its frames has no region "{1}" to restyle.', name, region))
            elif frame.label_of(edit.label) in frame.cut_labels:
                cut_regions = ", ".join(frame.name_of(label) for label in frame.cut_labels)
                note = Message('"{0}": the parser saw only a part of {1}; correct its label map.', name, cut_regions)
                self.notes.append(note)
        pairs = [pair.labels for pair in self.painter.label_set.pairs]
        regions = together(frame.label_map, labels, pairs)
        return [self._change(edit, next(each for each in regions if edit.label in each)) for edit in possible]

    def _change(self, edit: RegionEdit, labels: tuple[int, ...]) -> RegionChange:
        """One edit's change; `labels`: all that are restyled and one region with it.

        Where a label is parted its colours say nothing: what lies on the other side is one region with it too.
        """
        frame, kept = self.frame, self.services.kept
        beside = [each for each in frame.siblings(edit.label) if touch(frame.label_map, edit.label, each)]
        labels = tuple(dict.fromkeys([*labels, *beside]))
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
                    border=border_of(map(frame.name_of, labels)),
                ),
            )
            return region_change(
                frame.colours,
                frame.label_map,
                edit.label,
                without_rest(mattes[edit.label]) if beside else mattes[edit.label],
                tones,
                box=frame.box,
                one_colour=self._one_coloured(edit.label),
                by_spread=frame.name_of(edit.label) in BY_SPREAD and not isinstance(edit.style, ColourStyle),
                stranded=frame.name_of(edit.label) in STRANDED,
            )

        return kept.get(("change", self.frame_key, labels, edit.label, tones_key), fitted).weakened(edit.strength)

    def _tones(self, edit: RegionEdit) -> tuple[Hashable, TonesAndNotes]:
        """What an edit's region is to look like: a colour, a photo's region, or what the model paints; and its key."""
        style, label_set = edit.style, self.painter.label_set
        files = _files_of(style)
        key: tuple[Hashable, ...] = "tones", style, files, label_set
        if isinstance(style, ImageStyle) and files[0] is not None:
            key += self.parser_name, self.profile
            return key, self.services.kept.get(
                key, lambda: _photo_tones(style, label_set, self.services, self.profile)
            )
        if isinstance(style, ImageStyle) and style.path:
            self.notes.append(
                Message(
                    '"{0}" is not there any more: {1} is painted in the style that was kept of it and looks different; '
                    "put the file back.",
                    style.path,
                    self._name(edit.label),
                )
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
        own = tones_of(self.frame.colours, self._region(label), one_colour=self._one_coloured(label))
        return colour_tones((red, green, blue), own)

    def _one_coloured(self, region: int) -> bool:
        return _one_colour(self.painter.label_set, self.frame.label_of(region))

    def _painted_tones(self, edit: RegionEdit) -> TonesAndNotes:
        """Tones of the region as the model paints it, all others in the photo's own styles; of a piece its label is
        painted whole."""

        def painting(painted_blocks: int, block_count: int) -> None:
            self.report(0.4, Message("painting"))

        painting(0, 1)
        frame, services = self.frame, self.services
        label = frame.label_of(edit.label)
        own_pixels, own_map = frame.painted(showing=label)
        styles = photo_styles(self.painter, frame, services)
        label_map = LabelMapData.from_array(own_map)
        request = RenderRequest(self.request.weights, label_map, {**styles, label: edit.style})
        tensor, notes = read_codes(request, self.painter, services, self.report)
        pixels, _ = self.painter.paint(request, tensor, painting)
        reached = services.codes.encode(self.painter, pixels, own_map)
        if len(tensor) == 1 and reached.present[label]:
            tensor = tensor.clone()
            wanted = tensor[0, label]
            wanted.copy_(tensor.new_tensor(aimed(wanted.numpy(), reached.codes[label])))
            pixels, _ = self.painter.paint(request, tensor, painting)
        colours = as_colours(from_srgb(pixels, self.profile))
        region = (own_map == label).astype(np.float32)
        return tones_of(colours, region, one_colour=self._one_coloured(edit.label)), tuple(notes)


def _files_of(style: Style) -> tuple[Hashable, ...]:
    """What the style's files are now: they may be written anew while results are kept."""
    return tuple(
        file_identity(path)
        for simple_style in simple_parts(style)
        if isinstance(simple_style, ImageStyle)
        for path in (simple_style.path, simple_style.label_map_path or "")
    )


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
    label_ids = resize_label_map(label_map, *pixels.shape[:2])
    require_region(style.path, style.label, np.isin(np.arange(len(label_set)), label_ids), label_set)
    region = label_ids == style.label
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
