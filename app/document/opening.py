"""Opening files as documents: known by their content, read in the work lane, applied in the GUI thread."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from app.catalogue import Catalogue
from app.document.document import Document
from app.document.kinds import Kind, SceneRequest, of_photo, opens, photo_kinds
from app.document.saved.document_file import SavedDocument, read_document
from app.document.saved.process_folders import Leftover, is_open_elsewhere
from app.document.saved.scene_data import ReadScene
from app.document.scene import Scene
from app.document.scene_fields import BY_REGION, of_regions
from app.jobs.originals import Original
from app.jobs.photos import Photo
from app.jobs.work_lane import Work
from app.jobs.writing import PhotoRequest
from app.raster.boxes import Box
from app.raster.cropping import Cropping, Size
from app.shell.i18n import tr
from engine.errors import BadFile, BadRequest, EngineError
from engine.files import read_text, resource
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.labels.looked_at import Part
from engine.labels.pieces import is_piece
from engine.painting.sizes import encoded_size, painted_size
from engine.pictures.closeup import focus, has_background
from engine.pictures.images import read_image, resize_image
from engine.pictures.png import read_embedded_request
from engine.pictures.sniffing import has_label_colours, sniff
from engine.requests.edit import EditRequest
from engine.requests.json_text import from_json
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import RenderRequest
from engine.systems.base import USUAL_SIDE, Abilities
from engine.weights.impostors import impostor

PREVIEW = 512
FEW = 64  # colours
USUAL_STRIDE = 32  # of documents whose weights are not there


REGIONS: dict[str, Any] = {
    **dict.fromkeys(("label_map", "reshaped_map", "piece_map", "looked_at", "face")),
    **dict.fromkeys(("filled_holes", "other_frames"), ()),
    "pieces": {},
}
"""Keys of a request that say where what is in its photo, and what they hold of another one, which has its own."""


@dataclass(frozen=True)
class Found:
    """What a file turned out to be.

    ``kind`` is the word of `engine.pictures.sniffing.sniff`; ``request`` and ``pixels`` (the picture that carries it)
    belong to "request_png", "request_json" and "document", of which ``saved`` has all; of an "image", ``pixels`` is a
    small copy.
    """

    path: Path
    kind: str
    request: SceneRequest | PhotoRequest | None = None
    pixels: np.ndarray | None = None
    notes: tuple[str, ...] = field(default=())
    maybe_map: bool = False  # a picture of few colours: perhaps a label map with values of no known label
    found_again: bool = False  # its photo is not where the file says
    saved: SavedDocument | None = None
    is_copy: bool = False  # another window has the file open: this document is none of that file
    leftover: Leftover | None = None  # it is brought back from there: no file of the user's holds it as it is
    ask: bool = False  # as likely a label map as a picture: wherever it is dropped, the user says which

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.path.name if self.leftover is None else self.leftover.manifest.title

    @property
    def photo_request(self) -> PhotoRequest | None:
        """The request, where a document that begins with it is a photo."""
        return self.request if of_photo(self.request) else None

    def picture_of(self, original: Original) -> np.ndarray | None:
        """What the file shows, (H, W, 3) uint8, where that is a picture of the photo's size."""
        return self.pixels if self.pixels is not None and self.pixels.shape == original.pixels.shape else None

    def values(self) -> dict[str, Any]:
        """What the file says of a scene, by field. Raises EngineError where its data is damaged."""
        if self.saved is None:
            return Scene.values_of(self.request)
        return ReadScene(cast(Any, self.request), self.saved.scene.beside).values()

    def with_photo(self, photo: PhotoReference, *, keep_map: bool) -> Found:
        """The same for another photo. ``keep_map``: its regions are those of the first one."""
        assert of_photo(self.request)
        own = {} if keep_map else _without_regions(self.request)
        return replace(self, request=self.request.replace(photo=photo, **own), found_again=True)


def _without_regions(request: PhotoRequest) -> dict[str, Any]:
    """What a request holds, by key, once it is of another photo: nothing of regions and pieces, all of labels."""
    values = {key: value for key, value in REGIONS.items() if hasattr(request, key)}
    values |= {key: of_regions(getattr(request, key), ()) for key in BY_REGION if hasattr(request, key)}
    if isinstance(request, EditRequest):
        values["edits"] = tuple(edit for edit in request.edits if not is_piece(edit.label))
    return values


def look_at(work: Work, path: Path) -> Found:
    """Tell what a file is, and read it when it holds a request.

    Raises:
        EngineError: it is nothing that the editor opens, or it is damaged; the sentence names it.
    """
    work.progress(0.1, tr("Opening {0}").format(path.name))
    opened_file = _look_at(path)
    return replace(opened_file, is_copy=opened_file.request is not None and is_open_elsewhere(path))


def _look_at(path: Path) -> Found:
    kind = sniff(path)
    if kind in ("request_png", "request_json"):
        return read_request_file(path)
    guessed = kind == "label_map" and not has_label_colours(path)  # a photo of few colours looks the same: ask
    if kind == "document":
        return _document_at(path)
    if kind == "image" or guessed:
        pixels = read_image(path, max_side=PREVIEW).pixels  # before the user is asked what to do with it
        return Found(path, "image", None, pixels, maybe_map=guessed or _few_colours(pixels), ask=guessed)
    if kind == "unknown":
        if (other_kind := impostor(path)) is not None:
            raise BadFile('"{0}" is {1}.', path, other_kind)
        read_image(path)  # says what is wrong with a damaged picture or a file that is none
        raise BadFile('"{0}" is not a file that Tessera opens.', path)
    return Found(path, kind)


def look_at_leftover(work: Work, leftover: Leftover) -> Found:
    """A document that is brought back after a crash. Raises BadFile: nothing is left of it that can be opened."""
    work.progress(0.1)
    own_file = leftover.manifest.path
    is_copy = bool(own_file) and is_open_elsewhere(Path(own_file))
    return replace(_document_at(leftover.path), leftover=leftover, is_copy=is_copy)


def _document_at(path: Path) -> Found:
    saved = read_document(path)
    request = cast(Any, saved.scene.request).located(path.parent)
    pixels = saved.picture
    if pixels is None and saved.preview is not None:  # shown until the picture is painted again
        pixels = resize_image(saved.preview, request.label_map.height, request.label_map.width)
    return Found(path, "document", request, pixels, saved=saved)


def _few_colours(pixels: np.ndarray) -> bool:
    return len(np.unique(pixels.reshape(-1, 3), axis=0)) <= FEW


def read_request_file(path: Path) -> Found:
    """A request, from its JSON file or from the picture that it made. Raises EngineError naming what is wrong."""
    if sniff(path) != "request_png":
        return Found(path, "request_json", _located_request(read_text(path), path))
    request = _located_request(read_embedded_request(path) or "", path)
    image = read_image(path)
    return Found(path, "request_png", request, image.pixels, image.notes)


def _located_request(text: str, path: Path) -> SceneRequest | PhotoRequest:
    request = from_json(text).located(path.parent)
    if not opens(request):
        raise BadRequest('"{0}" holds a request that cannot be opened as a document.', path.name)
    return request


def sample_path() -> Path:
    """The document of the first start: a photograph that was edited, with its request, so that it can be seen before
    the engine is loaded."""
    return resource("sample", "edited.png")


def second_photo_path() -> Path:
    """Another photograph, for the edits of the first."""
    return resource("sample", "grace_hopper.jpg")


def painting_path() -> Path:
    """A label map that is painted in the styles of a portrait."""
    return resource("sample", "sample.request.json")


@dataclass(frozen=True)
class Template:
    """A label map that comes with Tessera: its file, its title in both languages and the label set it is drawn with."""

    path: Path
    title: str
    title_zh: str
    label_set: str


def templates(label_set: LabelSet) -> list[Template]:
    """The templates that are drawn with these labels, in the order of templates.json."""
    folder = resource("templates")
    known_templates: list[Template] = []
    try:
        listed_entries = json.loads((folder / "templates.json").read_text(encoding="utf-8"))["templates"]
        for entry in listed_entries:
            title = str(entry["title"])
            path, drawn_with = folder / str(entry["file"]), str(entry["label_set"])
            if path.is_file() and load_label_set(drawn_with).same_labels(label_set):
                known_templates.append(Template(path, title, str(entry.get("title_zh") or title), drawn_with))
    except (OSError, ValueError, KeyError, TypeError, EngineError):
        pass  # a damaged list: the empty map is still offered
    return known_templates


@dataclass(frozen=True)
class Gallery:
    """Templates of one set of labels, and the weights that will paint the one that is chosen, with what they can do."""

    label_set: LabelSet
    weights: str
    templates: tuple[Template, ...]
    abilities: Abilities = field(default_factory=Abilities)


def galleries(document: Document, catalogue: Catalogue) -> list[Gallery]:
    """The templates of the document's labels, then those that other weights paint."""
    other_sets = [
        (label_set, weights)
        for label_set, weights in catalogue.sets_serving(RenderRequest, document.weights)
        if not label_set.same_labels(document.label_set) and templates(label_set)
    ]
    return [
        Gallery(label_set, weights, tuple(templates(label_set)), catalogue.abilities(weights))
        for label_set, weights in [(document.label_set, document.weights), *other_sets]
    ]


@dataclass(frozen=True)
class Painting:
    """What a photo can become that a model paints whole: with these labels, by weights that can do this."""

    label_set: LabelSet
    weights: str
    abilities: Abilities = field(default_factory=Abilities)

    def proposed(self, label_map: np.ndarray, looked_at: Part | None = None) -> Cropping:
        """What of a photo with these (H, W) regions to begin with, and of what size: around what it shows, as a square,
        where the labels have a background, within the part that was looked at; else, as a street has none, all of it in
        its own form."""
        rows, columns = (slice(0, side) for side in label_map.shape)
        height, width = label_map.shape
        if has_background(self.label_set):
            rows, columns = focus(label_map, looked_at)
            height = width = self.abilities.resolution or USUAL_SIDE
        crop = Box(columns.start, rows.start, columns.stop, rows.stop)
        size = sides_for(height, width, self.abilities)
        return Cropping.proposed((label_map.shape[0], label_map.shape[1]), crop, size, stride_of(self.abilities))

    def painted(self, size: Size) -> Size:
        """At which size a document of another is painted; the picture is enlarged to its own."""
        resolution = self.abilities.resolution or USUAL_SIDE
        return painted_size(*size, stride_of(self.abilities), resolution)


def paintings(document: Document, catalogue: Catalogue) -> list[Painting]:
    """Of which labels a photo can become a painting: the document's, then others whose regions can be found and
    painted; each with the weights to paint with."""
    other_sets = [
        (label_set, weights)
        for label_set, weights in catalogue.sets_serving(RenderRequest, document.weights)
        if not label_set.same_labels(document.label_set)
        and catalogue.parser_for(label_set)
        and catalogue.abilities(weights).images
    ]
    return [
        Painting(label_set, weights, catalogue.abilities(weights))
        for label_set, weights in [(document.label_set, document.weights), *other_sets]
    ]


@dataclass(frozen=True)
class PhotoUse:
    """What a photo can become: a document of a kind, with these labels, made with these weights."""

    kind: Kind
    label_set: LabelSet
    weights: str


def photo_uses(document: Document, catalogue: Catalogue) -> list[PhotoUse]:
    """What a photo can become that stays a photo, kind by kind: with the document's labels first where some weights
    serve the kind, then with others whose regions can be found."""
    return [use for kind in photo_kinds() for use in _uses_of(kind, document, catalogue)]


def _uses_of(kind: Kind, document: Document, catalogue: Catalogue) -> list[PhotoUse]:
    served = [PhotoUse(kind, *served) for served in catalogue.sets_serving(kind.request, document.weights)]
    own = [use for use in served if use.label_set.same_labels(document.label_set)]
    return own + [use for use in served if use not in own and catalogue.parser_for(use.label_set)]


def stride_of(weights: Abilities) -> int:
    """What the sides of a document for these weights are multiples of, in pixels."""
    return weights.stride or USUAL_STRIDE


def sides_for(height: int, width: int, weights: Abilities) -> tuple[int, int]:
    """The size of a document for a map of another size: the longer side is near the weights' resolution, and both are
    multiples of their stride, so that the picture is painted exactly as it is drawn."""
    return encoded_size(height, width, stride_of(weights), weights.resolution or USUAL_SIDE)


def photo_document(photo: Photo, cropping: Cropping) -> tuple[np.ndarray, np.ndarray]:
    """A part of a photo as a new document: (H, W, 3) pixels and (H, W) label map."""
    rows, columns = cropping.crop.slices
    pixels = resize_image(np.ascontiguousarray(photo.pixels[rows, columns]), *cropping.size)
    return pixels, resize_label_map(photo.label_map[rows, columns], *cropping.size)
