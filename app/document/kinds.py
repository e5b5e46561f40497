"""Kinds of request that a document makes, each with what it needs beyond the scene and what becomes of its result.

A picture may take several requests: a sentence gives a layout, which becomes the document's label map, of which the
picture is painted. Each of them is a kind here: one line of `register` makes it part of undo, kept pictures, files and
requests. The kind that makes the picture is the scene's own (`Scene.kind`): what else can be done with a document, and
how it is opened, shown, saved and exported, everyone asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, get_type_hints

import msgspec
import numpy as np

from app.document.edit_rows import by_label, rows_of
from app.document.scene_fields import Role, packed, scene_field, unpacked
from app.jobs.writing import PhotoRequest, PhotoResult
from app.raster.frozen_maps import FrozenMap
from app.shell.i18n import mark, tr
from engine.compose.samples import as_seen
from engine.errors import BadRequest
from engine.pictures.profiles import to_srgb
from engine.requests.edit import EditRequest
from engine.requests.render import RenderRequest

if TYPE_CHECKING:
    from app.document.document import Document
    from app.document.scene import Scene
    from engine.requests.label_map_data import LabelMapData
    from engine.session import Session

Sizes = tuple[tuple[int, int], list[tuple[int, int]]]
"""At which size (height, width) a picture is made, and at which smaller ones it may be previewed."""


@dataclass(frozen=True)
class NoInputs:
    """The inputs of a kind that needs nothing but what every scene has."""


def _as_it_is(value: Any) -> Any:
    return value


def _fields_of(request: Any) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__struct_fields__}


def _painted_sizes(scene: Scene, session: Session) -> Sizes:
    return session.sizes(scene.weights, scene.label_map.height, scene.label_map.width, scene.detail)


def _painted_smaller(scene: Scene, height: int, width: int) -> Scene:
    label_map = FrozenMap.of(scene.label_map.resized(height, width))
    piece_map = None if scene.piece_map is None else FrozenMap.of(scene.piece_map.resized(height, width))
    return replace(scene, label_map=label_map, piece_map=piece_map, detail="model")


@dataclass(frozen=True)
class PhotoOffer:
    """How documents of a kind are offered where a photo is opened; English, translated where it is shown.

    caption: what is done with the photo. explanation: what that means, in a few words. title: of such a document that
    has no file, with {0} for the photo's name.
    """

    caption: str
    explanation: str
    title: str


@dataclass(frozen=True)
class Kind:
    """How a document uses one kind of request.

    request: the request, which takes from scene and inputs what it has fields for (`Role.key`).
    take: what becomes of its result: (document, result) -> anything.
    inputs: a frozen dataclass of what it needs beyond the scene (a hole, a sentence, weights of its own), made of
        `scene_field`s with defaults. Where scene and inputs have the same key, the inputs count.
    pack, unpack: between what a scene says by key (`Role.key`), and what the request says by the names of its fields,
        where these differ.
    picture: what the result shows: something with `pixels` (H, W, 3) uint8, `seconds`, `device` and `notes`. Asked in
        the worker.
    sizes: of the picture of a scene and of its previews, by the session. smaller: the scene of a preview of a size.
    idle: whether the picture of a scene is the photo as it is.
    offer: of a kind whose documents are photos, how they are begun; None of others. Its request is a `PhotoRequest`
        and its result a `PhotoResult`: the document has the photo's size, the canvas compares with the photo, and what
        is written is a photo, with all that its file brought along.
    lists_edits: whether a label's style is a change of its region, a row in a list of edits, and a region without one
        stays as it is; otherwise every region is painted.
    has_frames: whether a photo may be edited in frames (`app.document.photo.frames`).
    reshapes: whether a label map of other shapes than the photo shows changes the photo.
    morphs: whether steps between two styles of a label can be painted: the request is a `RenderRequest`, or has its
        fields.
    """

    request: type[Any]
    take: Callable[[Document, Any], object]
    inputs: type[Any] = NoInputs
    pack: Callable[[dict[str, Any]], dict[str, Any]] = _as_it_is
    unpack: Callable[[Any], dict[str, Any]] = _fields_of
    picture: Callable[[Any], Any] = _as_it_is
    sizes: Callable[[Scene, Session], Sizes] = _painted_sizes
    smaller: Callable[[Scene, int, int], Scene] = _painted_smaller
    idle: Callable[[Scene], bool] = lambda scene: False
    offer: PhotoOffer | None = None
    lists_edits: bool = False
    has_frames: bool = False
    reshapes: bool = False
    morphs: bool = False

    @property
    def name(self) -> str:
        """As JSON has it."""
        return str(self.request.__struct_config__.tag)

    def title(self, scene: Scene) -> str:
        """What a document of the kind is called that has no file, in the user's language."""
        if self.offer is None or scene.photo is None:
            return tr("Untitled")
        return tr(self.offer.title).format(scene.photo.name)

    @property
    def takes_styles(self) -> bool:
        """Whether styles of labels change the picture."""
        return self.lists_edits or "styles" in self.request.__struct_fields__

    @property
    def shows_photo(self) -> bool:
        """Whether documents of the kind are photos."""
        return self.offer is not None


class SceneRequest(Protocol):
    """A request that says enough for a document to begin with."""

    @property
    def weights(self) -> str: ...

    @property
    def label_map(self) -> LabelMapData: ...


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known."""
    _KINDS[kind.name] = kind
    return kind


def document_requests() -> tuple[type[Any], ...]:
    """The requests of all kinds: weights that serve one of them are of use to some document."""
    return tuple(kind.request for kind in _KINDS.values())


def photo_kinds() -> tuple[Kind, ...]:
    """The kinds whose documents are photos."""
    return tuple(kind for kind in _KINDS.values() if kind.shows_photo)


def opens(request: Any) -> TypeGuard[SceneRequest | PhotoRequest]:
    """Whether a document can begin with the request: its kind is known, and it has a label map."""
    name = str(request.__struct_config__.tag)
    return name in _KINDS and "label_map" in request.__struct_fields__


def of_photo(request: Any) -> TypeGuard[PhotoRequest]:
    """Whether documents that begin with the request are photos."""
    return opens(request) and kind_of(request).shows_photo


def kind_named(name: str) -> Kind:
    """The kind of that name. Raises BadRequest where documents know none."""
    if name not in _KINDS:
        raise cannot_hold(name)
    return _KINDS[name]


def cannot_hold(kind_name: str) -> BadRequest:
    """The error of a kind that documents do not know, and of inputs that are not the kind's."""
    return BadRequest("A document cannot hold a request of the kind {0}.", kind_name)


def kind_of(request: Any) -> Kind:
    """The kind of a request. Raises BadRequest where documents know none."""
    return kind_named(str(request.__struct_config__.tag))


def title_of(document: Document) -> str:
    """What a document is called, in the user's language: the name of its file, or what it is made of."""
    return document.path.name if document.path is not None else document.kind.title(document.scene)


def plain_inputs(inputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The inputs of a scene as plain data, by kind and by their keys in its request."""
    return {
        name: {key: msgspec.to_builtins(value, str_keys=True) for key, value in packed(held).items()}
        for name, held in inputs.items()
    }


def inputs_of_plain(plain: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The other way round. Raises BadRequest for a kind that documents do not know, msgspec.ValidationError."""
    inputs = {}
    for name, plain_values in plain.items():
        kind = kind_named(name)
        types = get_type_hints(kind.request)
        values = {key: msgspec.convert(value, types[key], str_keys=True) for key, value in plain_values.items()}
        inputs[name] = kind.inputs(**unpacked(kind.inputs, values))
    return inputs


RENDER = register(Kind(RenderRequest, lambda document, result: document.set_picture(result.pixels), morphs=True))


# ---------------------------------------------------------------- a photo that is edited

VIEWS = (2048, 1280, 800, 480, 256)
"""Longer sides of previews of a photo, in pixels."""


@dataclass(frozen=True)
class EditInputs:
    """view: longer side of a preview, 0 for the whole photo; a document never holds another."""

    view: int = scene_field(Role(key="view"), default=0)


@dataclass(frozen=True)
class PhotoPicture:
    """An edited photo as people see it: pixels (H, W, 3) uint8 sRGB."""

    pixels: np.ndarray
    seconds: float
    notes: tuple[str, ...] = ()
    device: str = "cpu"


def _edit_values(values: dict[str, Any]) -> dict[str, Any]:
    return {**_swapped(values), "edits": rows_of(values["styles"], values["strengths"], values["switched_off"])}


def _scene_values(request: EditRequest) -> dict[str, Any]:
    return {**_swapped(_fields_of(request)), **by_label(request.edits), "view": 0}


def _swapped(values: dict[str, Any]) -> dict[str, Any]:
    """A document's map is of what one sees and paints on; of two, a request names that of the photo first."""
    if values["reshaped_map"] is None:
        return values
    return {**values, "label_map": values["reshaped_map"], "reshaped_map": values["label_map"]}


def photo_sizes(scene: Scene, session: Session) -> Sizes:
    """The photo's own size, and views of it."""
    height, width = scene.label_map.shape
    longest = max(height, width)
    factors = [side / longest for side in VIEWS if side < longest]
    return (height, width), [(max(1, round(height * f)), max(1, round(width * f))) for f in factors]


def _photo_smaller(scene: Scene, height: int, width: int) -> Scene:
    inputs: Mapping[str, Any] = MappingProxyType({**scene.inputs, EDIT.name: EditInputs(max(height, width))})
    return replace(scene, inputs=inputs)


def _changes_nothing(scene: Scene) -> bool:
    """Whether nothing is filled, and no region that the label map shows is restyled or has another shape."""
    restyles = any(label not in scene.switched_off and scene.strengths.get(label) != 0 for label in scene.styles)
    return not restyles and not scene.reshapes and not scene.filled_holes


def photo_seen(result: PhotoResult) -> PhotoPicture:
    """What a photo that was made of a photo shows."""
    pixels = to_srgb(as_seen(result.samples), result.photo.icc_profile)
    return PhotoPicture(pixels, result.seconds, result.notes)


EDIT = register(
    Kind(
        EditRequest,
        lambda document, result: document.set_picture(result.pixels),
        EditInputs,
        pack=_edit_values,
        unpack=_scene_values,
        picture=photo_seen,
        sizes=photo_sizes,
        smaller=_photo_smaller,
        idle=_changes_nothing,
        offer=PhotoOffer(mark("Edit this photo"), mark("Restyle regions, and nothing else"), mark("{0} - edits")),
        lists_edits=True,
        has_frames=True,
        reshapes=True,
    )
)
