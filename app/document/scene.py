"""The scene: everything that a document holds, as one frozen value.

Each field says in its role (`app.document.scene_fields`) what it is for, and undo, kept pictures, saved files, requests
and equality follow from that. Only a signal of its own, or an attribute that panels read, is added in
`app.document.document`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from app.document.checks import (
    Precision,
    check_pieces_fit,
    checked_detail,
    checked_face,
    checked_holes,
    checked_inputs,
    checked_kind,
    checked_labels,
    checked_map,
    checked_part,
    checked_photo,
    checked_piece_map,
    checked_pieces,
    checked_precision,
    checked_regions,
    checked_seed,
    checked_strengths,
    checked_styles,
)
from app.document.kinds import RENDER, Kind, NoInputs, Sizes, inputs_of_plain, kind_of, plain_inputs
from app.document.photo import frames
from app.document.picture_keys import key_of
from app.document.scene_fields import (
    Role,
    changed_keys,
    checked_values,
    default_of,
    map_or_none,
    of_frame,
    of_labels,
    of_photo,
    of_pieces_there,
    of_regions,
    packed,
    roles,
    scene_field,
    unpacked,
)
from app.raster.frozen_maps import FrozenMap
from app.shell.i18n import mark
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import Part
from engine.labels.pieces import region_map
from engine.pictures.face_frames import FaceFrame
from engine.requests.editing.filled_hole import FilledHole
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import Detail
from engine.requests.styles import Style

if TYPE_CHECKING:
    from engine.session import Session

S = TypeVar("S", bound="Scene")

_of_labels, _of_regions = partial(of_labels, checked=checked_labels), partial(of_labels, checked=checked_regions)
_by_region = partial(of_frame, pack=dict, by_label=True, tells=changed_keys)
_NO_LABELS: frozenset[int] = frozenset()


# ---------------------------------------------------------------- the scene


@dataclass(frozen=True, eq=False)
class Scene:
    """What a document is, at one moment. Cheap to hold and to change: label maps share what is equal in them.

    Turn it into a request in a worker: that compresses the label map as PNG, tens of milliseconds at 2048 x 2048.

    weights: their name. fingerprint: tells them from others of their name; "" where nothing is known of them.
    styles: by region, a label's id or a piece's number, as strengths, switched_off and style_locked; one that is
    missing has the mean style. detail: how a map larger than the weights know is painted (`engine.requests.render`).
    kind: of the request that makes the picture. inputs: what kinds of request need beyond all this, by kind. locked:
    labels whose pixels brush and fills leave alone. hidden: labels that the overlay does not show. style_locked: those
    whose style changes only when the user chooses one for that very region. strengths: how much of the change of a
    restyled region is seen, 0 to 1; 1 where one is missing. switched_off: regions that show the photo for now. photo:
    the file that is edited, if any; its samples are held by those who work on it, never here. looked_at: the part of
    the photo in which its regions were found; None for all of it. photo_map: the regions that the photo shows, where
    `label_map` has the shapes that they are to have; None where that is what it shows. pieces: the label of each piece
    that has a style of its own; piece_map: where they lie (`engine.labels.pieces`). face: the frame that is edited;
    None for the photo as it stands. other_frames: the others, with their regions and edits. filled_holes: what of the
    photo is filled, with what; all else is done to the photo as it is then.
    """

    label_set: LabelSet = scene_field(
        Role(recalled=True, of_photo=True, plain=LabelSet.to_dict, unplain=LabelSet.from_dict)
    )
    label_map: FrozenMap = scene_field(
        of_frame(
            key="label_map",
            checked=checked_map,
            pack=lambda frozen: frozen.data,
            unpack=lambda data: None if data is None else data.array(),
        )
    )
    weights: str = scene_field(
        of_photo(
            key="weights",
            checked=lambda weights, _: str(weights),
            text=mark("Change weights"),
            signal="weights_changed",
        ),
        default="",
    )
    fingerprint: str = scene_field(of_photo(), default="")
    styles: Mapping[int, Style] = scene_field(
        _by_region(key="styles", checked=checked_styles, text=mark("Change styles"), signal="styles_changed"),
        default_factory=lambda: MappingProxyType({}),
    )
    strengths: Mapping[int, float] = scene_field(
        _by_region(
            key="strengths",
            needs="labels",
            checked=checked_strengths,
            text=mark("Change strengths"),
            signal="edits_changed",
        ),
        default_factory=lambda: MappingProxyType({}),
    )
    switched_off: frozenset[int] = scene_field(
        _of_regions(
            decides=True, of_photo=True, of_frame=True, key="switched_off", text=mark("Switch changes on or off"),
            signal="edits_changed",
        ),
        default=_NO_LABELS,
    )
    seed: int = scene_field(
        Role(decides=True, key="seed", checked=checked_seed, text=mark("Change seed"), signal="seed_changed"),
        default=0,
    )
    precision: Precision = scene_field(
        Role(
            decides=True,
            key="precision",
            checked=checked_precision,
            text=mark("Change precision"),
        ),
        default="float32",
    )
    detail: Detail = scene_field(
        Role(decides=True, key="detail", checked=checked_detail, text=mark("Change detail"), signal="detail_changed"),
        default="model",
    )
    kind: Kind = scene_field(
        of_photo(checked=checked_kind, stored=False, text=mark("Change kind of request")),
        default=RENDER,
    )
    inputs: Mapping[str, Any] = scene_field(
        Role(
            recalled=True,
            checked=checked_inputs,
            plain=plain_inputs,
            unplain=inputs_of_plain,
            text=mark("Change inputs"),
        ),
        default_factory=lambda: MappingProxyType({}),
    )
    locked: frozenset[int] = scene_field(
        _of_labels(key="label_locks", text=mark("Change locked labels"), signal="labels_changed"), default=_NO_LABELS
    )
    hidden: frozenset[int] = scene_field(
        _of_labels(text=mark("Change hidden labels"), signal="labels_changed"), default=_NO_LABELS
    )
    style_locked: frozenset[int] = scene_field(
        _of_regions(
            of_frame=True, key="style_locks", text=mark("Change locked styles"), signal="style_locks_changed"
        ),
        default=_NO_LABELS,
    )
    photo: PhotoReference | None = scene_field(
        of_photo(key="photo", checked=checked_photo, text=mark("Change photo"), signal="photo_changed"),
        default=None,
    )
    looked_at: Part | None = scene_field(
        of_frame(
            key="looked_at",
            checked=checked_part,
            text=mark("Count the rest as background"),
            signal="looked_at_changed",
        ),
        default=None,
    )
    photo_map: FrozenMap | None = scene_field(
        map_or_none(
            key="reshaped_map",  # there it is the other way round, see `app.document.kinds`
            checked=lambda photo_map, label_set: None if photo_map is None else checked_map(photo_map, label_set),
            text=mark("Change shapes"),
        ),
        default=None,
    )
    pieces: Mapping[int, int] = scene_field(
        _by_region(
            key="pieces", needs="labels", checked=checked_pieces, text=mark("Change pieces"), signal="pieces_changed"
        ),
        default_factory=lambda: MappingProxyType({}),
    )
    piece_map: FrozenMap | None = scene_field(
        map_or_none(key="piece_map", checked=checked_piece_map, text=mark("Change pieces"), signal="pieces_changed"),
        default=None,
    )
    face: FaceFrame | None = scene_field(
        of_frame(key="face", checked=checked_face, text=mark("Move frame"), signal="frames_changed"), default=None
    )
    other_frames: tuple[frames.FrameState, ...] = scene_field(
        of_photo(
            needs="labels",
            key="other_frames",
            pack=lambda states: frames.frames_packed(Scene, states),
            unpack=lambda edits: frames.frames_unpacked(Scene, edits),
            unplain=lambda plain: frames.frames_of_plain(Scene, plain),
            checked=lambda states, label_set: frames.frames_checked(Scene, states, label_set),
            text=mark("Change frames"),
            signal="frames_changed",
        ),
        default=(),
    )
    filled_holes: tuple[FilledHole, ...] = scene_field(
        of_photo(key="filled_holes", checked=checked_holes, text=mark("Fill")), default=()
    )

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def checked(cls: type[S], *, label_set: LabelSet, **values: Any) -> S:
        """A scene of values from outside. Raises BadRequest or BadLabelMap where one is wrong."""
        scene = cls(label_set=label_set, **checked_values(cls, values, label_set))
        check_pieces_fit(scene.piece_map, scene.label_map)
        return scene

    def with_checked(self: S, **values: Any) -> S:
        """The scene with other values from outside. Raises BadRequest or BadLabelMap where one is wrong."""
        label_set = values.get("label_set", self.label_set)
        return replace(self, **checked_values(type(self), values, label_set))

    # ------------------------------------------------------------ equality

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scene) and type(self) is type(other) and not self.differences(other)

    def differences(self, other: Scene) -> frozenset[str]:
        """The names of the fields that differ."""
        return frozenset(
            name
            for name, role in roles(type(self)).items()
            if (own_value := getattr(self, name)) is not (other_value := getattr(other, name))
            and not role.same(own_value, other_value)
        )

    def same_picture(self, other: Scene, *, but: Collection[str] = ()) -> bool:
        """Whether both make the same picture, apart from what the fields named in `but` decide."""
        return self.own_inputs == other.own_inputs and all(
            (own_value := getattr(self, name)) is (other_value := getattr(other, name))
            or role.same(own_value, other_value)
            for name, role in roles(type(self)).items()
            if role.decides and name not in but
        )

    def restyled_labels(self, other: Scene) -> frozenset[int] | None:
        """The labels whose regions look different for another reason than their pixels; None where anything may."""
        by_label = {name: role for name, role in roles(type(self)).items() if role.decides and role.by_label}
        if not self.same_picture(other, but=("label_map", *by_label)):
            return None
        changes = (role.tells(getattr(self, name), getattr(other, name)) for name, role in by_label.items())
        return frozenset[int]().union(*changes)

    def same_file(self, other: Scene) -> bool:
        """Whether both make the same file: the picture, and what travels with it."""
        travelling = {name for name, role in roles(type(self)).items() if role.key and not role.decides}
        return self.same_picture(other) and not travelling & self.differences(other)

    def picture_key(self) -> bytes:
        """Equal for scenes that make the same picture."""
        roles_by_name = roles(type(self)).items()
        values = (getattr(self, name) for name, role in roles_by_name if role.decides and name != "label_map")
        return key_of(values, self.own_inputs, self.label_map)

    # ------------------------------------------------------------ scenes derived from it

    def on_other_ground(self: S, **values: Any) -> S:
        """The scene with another label set or map; what says nothing there goes back to its default."""
        scene = replace(self, **values)
        if scene.label_set.same_labels(self.label_set):
            lies_there = scene.piece_map is None or scene.piece_map.shape == scene.label_map.shape
            return scene if lies_there else replace(scene, pieces=MappingProxyType({}), piece_map=None)
        defaults = {
            name: default_of(type(self), name)
            for name, role in roles(type(self)).items()
            if role.needs == "labels" and name not in values
        }
        return replace(scene, **defaults)

    def beside_photo(self) -> dict[str, Any]:
        """What was chosen apart from the photo, its regions and their edits, by field: for the same document of another
        photo, made with the same weights."""
        values = {name: getattr(self, name) for name, role in roles(type(self)).items() if not role.of_photo}
        return {**values, "style_locked": frozenset(of_regions(self.style_locked, ()))}  # pieces are the photo's

    def with_photo_of(self: S, present: Scene) -> S:
        """The scene with its photo as another scene refers to it now, if both are of the very same: its file may have
        been found again elsewhere."""
        own, now = self.photo, present.photo
        if own is None or now is None or not own.sha256 or own.sha256 != now.sha256:
            return self
        return replace(self, photo=now)

    def recalling(self: S, kept: Scene) -> S:
        """The scene with all that made a kept picture; the rest stays as it is now."""
        recalled = [name for name, role in roles(type(self)).items() if role.decides or role.recalled]
        return self.on_other_ground(**{name: getattr(kept, name) for name in recalled})

    def to_keep(self: S) -> S:
        """The scene as it is kept with its picture: without what neither decides it nor travels with it."""
        left_out = [name for name, role in roles(type(self)).items() if not (role.decides or role.recalled or role.key)]
        return replace(self, **{name: default_of(type(self), name) for name in left_out})

    # ------------------------------------------------------------ regions

    def region_map(self) -> np.ndarray:
        """(H, W): the region of each pixel, a label's id or a piece's number. A copy."""
        piece_map = None if self.piece_map is None else self.piece_map.array()
        return region_map(self.label_map.array(), piece_map, self.pieces)

    # ------------------------------------------------------------ requests

    @property
    def own_inputs(self) -> Any:
        """What the kind that makes the picture needs beyond the scene; its defaults where nothing was chosen."""
        return self.inputs.get(self.kind.name) or self.kind.inputs()

    def to_request(self) -> Any:
        """The request that makes the picture. Compresses the label map: for workers."""
        values = self.kind.pack({**of_pieces_there(packed(self)), **packed(self.own_inputs)})
        known_keys = self.kind.request.__struct_fields__
        return self.kind.request(**{key: value for key, value in values.items() if key in known_keys})

    @classmethod
    def values_of(cls, request: Any) -> dict[str, Any]:
        """What a request says of a scene's fields: the other way round. To be checked."""
        kind = kind_of(request)
        request_values = kind.unpack(request)
        values = {**unpacked(cls, request_values), "kind": kind}
        if kind.inputs is not NoInputs:
            values["inputs"] = {kind.name: kind.inputs(**unpacked(kind.inputs, request_values))}
        return values

    # ------------------------------------------------------------ what the render lane paces itself by
    # (`app.jobs.render_lane.Sizable`)

    @property
    def pace_key(self) -> tuple[str, str, str]:
        """What the time of a picture depends on apart from its size."""
        return self.weights, self.precision, self.kind.name

    @property
    def pace_size(self) -> tuple[int, int, str]:
        """Height and width of the label map, and the detail."""
        return self.label_map.height, self.label_map.width, self.detail

    def reduced(self: S, height: int, width: int) -> S:
        """What a preview of that size is made of."""
        return cast(S, self.kind.smaller(self, height, width))

    def sizes(self, session: Session) -> Sizes:
        """At which sizes the picture and its previews are made; this may read the weights."""
        return self.kind.sizes(self, session)

    def picture_of(self, result: Any) -> Any:
        """What the result of the scene's request shows, with `pixels`."""
        return self.kind.picture(result)

    @property
    def reshapes(self) -> bool:
        """Whether regions of the photo get other shapes."""
        return self.photo_map is not None and self.photo_map != self.label_map

    @property
    def idle(self) -> bool:
        """Whether the picture is the photo as it is."""
        return self.kind.idle(self) and not any(map(frames.changes_photo, self.other_frames))
