"""`tessera edit`: regions of a photo restyled; everything else stays the file's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.common import (
    CHECK_FAILED,
    Answer,
    Device,
    JsonFlag,
    OrderOption,
    cancelling,
    check_apart,
    check_target,
    progress,
    tell,
)
from engine.cli.request import perform
from engine.cli.words import Drawn, Point, StyleFile, split_label, split_point, split_style, square_of
from engine.errors import BadRequest

if TYPE_CHECKING:
    from engine.labels.label_sets import LabelSet
    from engine.requests.edit import EditRequest, RegionEdit
    from engine.requests.styles import Style
    from engine.session import Session

    RequestFor = Callable[[Path], EditRequest]


StyleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        metavar="LABEL[@X,Y]=STYLE",
        help="A region's style, or that of its piece at a pixel: FILE[@LABELMAP], sample:SEED or mean.",
    ),
]
ColourOption = Annotated[
    list[str] | None,
    typer.Option("--colour", metavar="LABEL[@X,Y]=#RRGGBB", help="A region's colour; its texture and light stay."),
]
StrengthOption = Annotated[
    list[str] | None,
    typer.Option("--strength", metavar="LABEL[@X,Y]=0.8", help="How much of a region's change; 1 unless given."),
]
CountRestOption = Annotated[
    bool, typer.Option("--count-rest", help="Count as background what the parser did not look at, body and all.")
]
FaceOption = Annotated[
    int | None,
    typer.Option("--face", min=1, metavar="N", help="Which face, 1 being the largest; of several it is taken anyway."),
]
CropOption = Annotated[
    str | None,
    typer.Option(
        "--crop", metavar="X,Y,SIDE[,TURN]",
        help="A square of the photo that is looked at closer: its centre and side in pixels, and degrees clockwise.",
    ),
]
KeepPlaceOption = Annotated[
    bool, typer.Option("--keep-place", help="Keep the place and the camera's serial numbers.")
]

LabelMapsOption = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="Label map of the whole photo (for a folder: a folder of maps NAME.png); a parser finds it otherwise.",
    ),
]
ReshapeOption = Annotated[
    Path | None,
    typer.Option(
        "--reshape",
        metavar="LABELMAP",
        help="The shapes that the photo's regions are to have; with --labels of the same size.",
    ),
]


def edit(
    photo: Annotated[Path, typer.Argument(help="A photo, or a folder of photos.")],
    target: Annotated[
        Path,
        typer.Option("--out", help="Where the photo goes: .png, .jpg, .webp or .tiff; a folder for a folder."),
    ],
    weights: Annotated[str, typer.Option("--weights", help="Name or folder of the weights whose labels are meant.")],
    style: StyleOption = None,
    colour: ColourOption = None,
    strength: StrengthOption = None,
    label_maps: LabelMapsOption = None,
    reshape: ReshapeOption = None,
    order: OrderOption = None,
    count_rest: CountRestOption = False,
    face: FaceOption = None,
    crop: CropOption = None,
    keep_place: KeepPlaceOption = False,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Restyle regions of a photo at its own size.

    Every sample outside the regions is the file's own; texture and light of the regions stay. Colour profile, EXIF,
    XMP and resolution are kept, IPTC in JPEG and TIFF; place and serial numbers are not. A label is a name or a number;
    spaces may be written as underscores: --colour lower_lip=#a01030. A word that several names share means all of them:
    lips, eyes, brows, ears. hair@120,80 is not all hair but the piece of it that is connected around that pixel of the
    photo, counted from the left and the top; the label's own edit leaves it out.

    With --reshape the photo is painted anew, with its own texture, where that map differs from the one of --labels.

    Of several faces one is edited, upright; a photo of one upright face is taken whole, unless --face asks for it.
    --crop looks closer at a square of any photo. Around a small or chosen face the parser looks at a part of the photo
    alone: the background is restyled then only with --labels or --count-rest.

    A folder of photos is edited into another one. edited.json there says what became of each photo; the same command
    goes on where it was interrupted. Exit code 1 if a photo was left out.
    """
    from engine.cli.weights import label_set_of
    from engine.weights.store import lasting_name

    _check_paths(photo, target, label_maps, reshape)
    label_set = label_set_of(weights)
    edits, of_pieces = edits_of(label_set, style or [], colour or [], strength or [], order, needed=reshape is None)
    if of_pieces and photo.is_dir():
        raise BadRequest('"{0}" is a piece in one photo; leave out the point for a folder.', of_pieces[0].word)
    request_for = _requests(photo, lasting_name(weights), edits, label_maps, label_set, order, count_rest)
    if reshape is not None:
        request_for = reshaping(request_for, reshape, label_set, order)
    if crop is not None:
        request_for = cropped(request_for, crop, ambiguous=photo.is_dir() or face is not None)
    from engine.session import Session

    session = Session(device)
    search = None if crop is not None else _face_search(session, label_set, face)
    edit_all = _edit_folder if photo.is_dir() else partial(_edit_photo, of_pieces)
    answer, is_complete = edit_all(session, photo, target, request_for, search, keep_place, as_json)
    answer.tell(as_json)
    if not is_complete:
        raise SystemExit(CHECK_FAILED)


def _edit_photo(
    of_pieces: Sequence[PieceEdit],
    session: Session,
    photo: Path,
    target: Path,
    request_for: RequestFor,
    search: FaceSearch | None,
    keep_place: bool,
    quiet: bool,
) -> tuple[Answer, bool]:
    with progress(f"editing {photo.name}", quiet=quiet) as on_progress, cancelling() as cancel:
        request = request_for(photo)
        request = request if search is None else search.of_face(session, request)
        if of_pieces:
            from engine.cli.styles import with_piece_edits

            request = with_piece_edits(session, request, of_pieces)
        return perform(session, request, target, on_progress, cancel, keep_place=keep_place), True


def _edit_folder(
    session: Session,
    folder: Path,
    target: Path,
    request_for: RequestFor,
    search: FaceSearch | None,
    keep_place: bool,
    quiet: bool,
) -> tuple[Answer, bool]:
    """The answer, and whether no photo was left out."""
    from engine.cli.edit_folder import FolderEdit, answer_of

    with progress(f"editing {folder.name}", quiet=quiet) as on_progress, cancelling() as cancel:
        record = FolderEdit(session, folder, target, request_for, keep_place, search).run(on_progress, cancel)
    return answer_of(target, record), not any(edited.problem for edited in record.photos.values())


def _face_search(session: Session, label_set: LabelSet, number: int | None) -> FaceSearch | None:
    """None where no weights that find faces are installed, or labels are not of faces. Raises BadRequest for a number
    then."""
    from engine.requests.faces.choice import is_of_faces

    finder = session.face_finder() if is_of_faces(label_set) else None
    if finder is None and number is not None:
        raise BadRequest("No weights that find faces are installed, or these labels are of none; leave out --face.")
    return None if finder is None else FaceSearch(finder, number)


@dataclass(frozen=True)
class FaceSearch:
    """How the face to edit is chosen in each photo. finder: name of weights. number: as --face has it."""

    finder: str
    number: int | None

    def is_needed(self, request: EditRequest) -> bool:
        """With a label map of the whole photo it is edited as it stands, unless a face is asked for."""
        return request.label_map is None or self.number is not None

    def of_face(self, session: Session, request: EditRequest) -> EditRequest:
        """The edit of one face, of those that are found; which is said where there are several. Raises as
        `FindFacesRequest`, and BadRequest: there are not so many."""
        if not self.is_needed(request):
            return request
        from engine.requests.edit import FrameEdits
        from engine.requests.faces.choice import chosen_frame
        from engine.requests.faces.find_faces import FindFacesRequest

        faces = session.run(FindFacesRequest(self.finder, request.photo))
        frame = chosen_frame(faces, self.number)
        if len(faces.frames) > 1 and self.number is None:
            count = len(faces.frames)
            tell([f'"{request.photo.name}": of its {count} faces the largest is edited; --face 2 takes the next one.'])
        if frame is None:
            return request.replace(face=None)
        beside = (FrameEdits(each, label_map=request.label_map) for each in faces.frames if each != frame)
        return request.replace(face=frame, other_frames=tuple(beside))


def cropped(request_for: RequestFor, crop: str, *, ambiguous: bool) -> RequestFor:
    """The same requests for one square of a photo. Raises BadRequest: --crop says none, or one beside the photo."""
    from engine.pictures.photos import read_photo

    if ambiguous:
        raise BadRequest("--crop goes with one photo, and without --face.")
    square = square_of(crop)

    def request_for_square(path: Path) -> EditRequest:
        height, width = read_photo(path).samples.shape[:2]
        if not (0 <= square.x <= width and 0 <= square.y <= height and square.side <= 2 * max(height, width)):
            raise BadRequest(
                '"{0}" is {1} x {2} pixels: --crop has its centre outside, or is too large.', path, width, height
            )
        return request_for(path).replace(face=square.scaled(1 / max(height, width)))

    return request_for_square


def _check_paths(photo: Path, target: Path, label_maps: Path | None, reshape: Path | None) -> None:
    """Raises BadRequest, BadFile before anything is read: a file and a folder do not go together."""
    from engine.cli.edit_folder import check_folders
    from engine.requests.edit import EditRequest

    if not photo.is_dir():
        check_target(target, EditRequest.suffixes)
        check_apart(target, [photo, label_maps, reshape])
        if reshape is not None and label_maps is None:
            raise BadRequest("--reshape needs --labels, the label map of what the photo shows.")
        return
    if reshape is not None:
        raise BadRequest("--reshape goes with one photo, not with a folder of them.")
    check_folders(photo, target)
    if label_maps is not None and not label_maps.is_dir():
        raise BadRequest('"{0}" is one label map for a folder of photos; give a folder of maps.', label_maps)


def _requests(
    photo: Path,
    weights_name: str,
    edits: tuple[RegionEdit, ...],
    label_maps: Path | None,
    label_set: LabelSet,
    order: str | None,
    count_rest: bool,
) -> Callable[[Path], EditRequest]:
    """What asks for the edits of a photo: of `photo` itself, or of one in that folder, whose map may be missing."""
    from engine.labels.label_maps import read_certain_map
    from engine.labels.looked_at import WHOLE
    from engine.pictures.sniffing import check_photo
    from engine.requests.edit import EditRequest
    from engine.requests.label_map_data import LabelMapData
    from engine.requests.photo_reference import PhotoReference
    from engine.requests.style_pictures import notes_of

    whole_folder = photo.is_dir()

    def request_for(path: Path) -> EditRequest:
        label_map, map_file = None, label_maps
        if whole_folder and label_maps is not None:
            map_file = (label_maps / path.relative_to(photo)).with_suffix(".png")
        if map_file is not None and (map_file.exists() or not whole_folder):
            label_map_file = read_certain_map(map_file, label_set, order=order, option="--order")
            tell(notes_of(str(map_file), label_map_file.notes))
            label_map = LabelMapData.from_array(label_map_file.label_map)
        else:  # one that comes with its own map is taken for a photo, whatever it looks like
            check_photo(path)
        looked_at = WHOLE if count_rest and label_map is None else None
        return EditRequest(weights_name, PhotoReference.of(path), edits, label_map, looked_at)

    return request_for


def reshaping(request_for: RequestFor, reshape: Path, label_set: LabelSet, order: str | None) -> RequestFor:
    """The same requests for photos whose regions get the shapes of a label map file."""
    from engine.labels.label_maps import read_certain_map
    from engine.requests.label_map_data import LabelMapData
    from engine.requests.style_pictures import notes_of

    label_map_file = read_certain_map(reshape, label_set, order=order, option="--order")
    tell(notes_of(str(reshape), label_map_file.notes))
    reshaped_map = LabelMapData.from_array(label_map_file.label_map)
    return lambda path: request_for(path).replace(reshaped_map=reshaped_map)


def edits_of(
    label_set: LabelSet,
    styles: list[str],
    colours: list[str],
    strengths: list[str],
    order: str | None = None,
    *,
    needed: bool = True,
) -> tuple[tuple[RegionEdit, ...], tuple[PieceEdit, ...]]:
    """The edits that the options say, of labels and of pieces. Raises BadRequest, BadFile: naming the word that is
    wrong, or where there is none although they are `needed`."""
    from engine.requests.edit import RegionEdit
    from engine.requests.styles import ColourStyle

    edits: dict[tuple[int, Point | None], PieceEdit] = {}
    for option, words in (("--style", styles), ("--colour", colours)):
        for word in words:
            name, value = split_label(option, word)
            label_name, point = split_point(name)
            for label in _labels(label_set, label_name):
                if (label, point) in edits:
                    raise BadRequest('The label "{0}" is restyled twice; give one --style or --colour for it.', name)
                style = ColourStyle(value) if option == "--colour" else _style(value, label, label_set, order)
                edits[label, point] = PieceEdit(option, word, point, RegionEdit(label, style))
    for word in strengths:
        name, value = split_label("--strength", word)
        label_name, point = split_point(name)
        named = [(label, point) for label in label_set.find_all(label_name)]
        try:
            share = float(value)
        except ValueError:
            share = -1.0
        if not edits.keys() >= set(named) or not 0 <= share <= 1:
            raise BadRequest('--strength "{0}" should name a restyled label and a number from 0 to 1.', word)
        for each in named:
            edits[each] = replace(edits[each], edit=edits[each].edit.replace(strength=share))
    if needed and not edits:
        raise BadRequest("There is nothing to edit; give --style hair=FILE or --colour hair=#a01030.")
    of_labels = tuple(each.edit for each in edits.values() if each.point is None)
    return of_labels, tuple(each for each in edits.values() if each.point is not None)


@dataclass(frozen=True)
class PieceEdit:
    """An edit and what it was written as; point: in the photo, None where all of the label is meant."""

    option: str
    word: str
    point: Point | None
    edit: RegionEdit


def _labels(label_set: LabelSet, name: str) -> tuple[int, ...]:
    """The labels that a word means; where it is not a label's own name, the user is told which. Raises BadRequest."""
    labels = label_set.find_all(name)
    try:
        label_set.find(name)
    except BadRequest:
        tell([f'"{name}" is taken as {", ".join(label_set[label].name for label in labels)}.'])
    return labels


def _style(word: str, label: int, label_set: LabelSet, order: str | None) -> Style:
    from engine.cli.styles import image_style
    from engine.requests.styles import MEAN, SampleStyle

    meant = split_style("--style", word)
    if isinstance(meant, StyleFile):
        return image_style(meant, label, label_set, order)
    return SampleStyle(meant.seed) if isinstance(meant, Drawn) else MEAN
