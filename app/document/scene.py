"""The scene: everything that a document holds, as one frozen value.

Each field says in its role (`app.document.scene_fields`) what it is for, and undo, kept pictures, saved files, requests
and equality follow from that. Only a signal of its own, or an attribute that panels read, is added in
`app.document.document`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from app.document.kinds import RENDER, NoInputs, kind_named
from app.document.scene_fields import (
    Role,
    changed_keys,
    default_of,
    packed,
    roles,
    scene_field,
    set_difference,
    unpacked,
)
from app.raster.frozen_maps import FrozenMap
from app.shell.i18n import mark, tr
from engine.errors import BadRequest
from engine.labels.label_maps import check_label_map
from engine.labels.label_sets import LabelSet
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import Detail
from engine.requests.styles import (
    MAX_SEED,
    BlockStyle,
    ColourStyle,
    ImageStyle,
    MeanStyle,
    MixStyle,
    SampleStyle,
    Style,
)

Precision = Literal["float32", "bfloat16"]
S = TypeVar("S", bound="Scene")

_STYLES = (MeanStyle, ImageStyle, SampleStyle, ColourStyle, MixStyle, BlockStyle)
_NO_LABELS: frozenset[int] = frozenset()


# ---------------------------------------------------------------- what fields may hold


def checked_label(label: int, label_set: LabelSet) -> int:
    """A label id as a plain number. Raises BadRequest where the label set does not have it."""
    is_integer = isinstance(label, (int, np.integer)) and not isinstance(label, bool)
    if not is_integer or not 0 <= label < len(label_set):
        sentence = tr("The label {0} is not in the label set “{1}”, whose ids are 0 to {2}.")
        raise BadRequest(sentence.format(label, label_set.name, len(label_set) - 1))
    return int(label)


def checked_labels(labels: Collection[int], label_set: LabelSet) -> frozenset[int]:
    """Label ids. Raises BadRequest where the label set lacks one."""
    return frozenset(checked_label(label, label_set) for label in labels)


def checked_styles(styles: Mapping[int, Style | None], label_set: LabelSet) -> Mapping[int, Style]:
    """Styles by label; the mean style is left out, so that equal scenes hold equal styles. Raises BadRequest."""
    for label, style in styles.items():
        checked_label(label, label_set)
        if style is not None and not isinstance(style, _STYLES):
            sentence = tr("A style of the kind “{0}” is not known; choose a picture or the mean.")
            raise BadRequest(sentence.format(type(style).__name__))
    return MappingProxyType(
        {int(label): style for label, style in styles.items() if style is not None and not isinstance(style, MeanStyle)}
    )


def checked_picture(pixels: np.ndarray | None) -> np.ndarray | None:
    """(H, W, 3) uint8, read-only, or None for none. Raises BadRequest for anything else."""
    if pixels is None:
        return None
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise BadRequest(tr("A picture must have three colours of 8 bits for each pixel."))
    return read_only(np.ascontiguousarray(pixels))


def read_only(array: np.ndarray) -> np.ndarray:
    """A view of the array that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def _checked_strengths(strengths: Mapping[int, float], label_set: LabelSet) -> Mapping[int, float]:
    """Strengths 0 to 1 by label; a full one is left out, so that equal scenes hold equal ones. Raises BadRequest."""
    if not all(0 <= strength <= 1 for strength in strengths.values()):
        raise BadRequest(tr("The strength of a change must be a number from 0 to 1."))
    return MappingProxyType(
        {checked_label(label, label_set): float(strength) for label, strength in strengths.items() if strength != 1}
    )


def _checked_map(label_map: FrozenMap | np.ndarray, label_set: LabelSet) -> FrozenMap:
    pixels = label_map.array() if isinstance(label_map, FrozenMap) else label_map
    check_label_map(pixels, label_set, tr("The new label map"))
    return label_map if isinstance(label_map, FrozenMap) else FrozenMap.of(label_map)


def _checked_seed(seed: int, label_set: LabelSet) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise BadRequest(tr("The seed must be a whole number from 0 to {0}.").format(MAX_SEED))
    return seed


def _checked_precision(precision: str, label_set: LabelSet) -> str:
    if precision not in get_args(Precision):
        raise BadRequest(tr("The precision must be float32 or bfloat16, not {0}.").format(precision))
    return precision


def _checked_detail(detail: str, label_set: LabelSet) -> str:
    if detail not in get_args(Detail):
        raise BadRequest(tr("The detail must be model or full, not {0}.").format(detail))
    return detail


def _checked_inputs(inputs: Mapping[str, Any], label_set: LabelSet) -> Mapping[str, Any]:
    for name, held in inputs.items():
        if not isinstance(held, kind_named(name).inputs):
            raise BadRequest(tr("A document cannot hold a request of the kind {0}.").format(name))
    return MappingProxyType(dict(inputs))


_of_labels = partial(Role, needs="labels", checked=checked_labels, pack=tuple, unpack=frozenset, tells=set_difference)


def _in_order(value: Any) -> Any:
    """A table or a set as a list that is equal for equal ones, in whatever order they were filled."""
    if isinstance(value, Mapping):
        return sorted(value.items())
    return sorted(value) if isinstance(value, frozenset) else value


# ---------------------------------------------------------------- the scene


@dataclass(frozen=True, eq=False)
class Scene:
    """What a document is, at one moment. Cheap to hold and to change: label maps share what is equal in them.

    Turn it into a request in a worker: that compresses the label map as PNG, tens of milliseconds at 2048 x 2048.

    weights: their name. fingerprint: tells them from others of their name; "" where nothing is known of them.
    styles: by label; a label that is missing has the mean style. detail: how a map larger than the weights know is
    painted (`engine.requests.render`). kind: of the request that paints the picture. inputs: what kinds of request
    need beyond all this, by kind. locked: labels whose pixels brush and fills leave alone. hidden: labels that the
    overlay does not show. style_locked: labels whose style changes only when the user chooses one for that very label.
    strengths: by label, how much of the change of a restyled region is seen, 0 to 1; 1 where a label is missing.
    switched_off: labels whose region shows the photo for now. photo: (H, W, 3) uint8, the photo that is edited, if any.
    """

    label_set: LabelSet = scene_field(Role(recalled=True))
    label_map: FrozenMap = scene_field(
        Role(
            decides=True,
            key="label_map",
            checked=_checked_map,
            pack=lambda frozen: LabelMapData.from_array(frozen.array()),
            unpack=lambda data: data.array(),
        )
    )
    weights: str = scene_field(
        Role(
            decides=True,
            key="weights",
            checked=lambda weights, _: str(weights),
            text=mark("Change weights"),
            signal="weights_changed",
        ),
        default="",
    )
    fingerprint: str = scene_field(Role(decides=True), default="")
    styles: Mapping[int, Style] = scene_field(
        Role(
            decides=True,
            key="styles",
            pack=dict,
            checked=checked_styles,
            text=mark("Change styles"),
            signal="styles_changed",
            tells=changed_keys,
        ),
        default_factory=lambda: MappingProxyType({}),
    )
    strengths: Mapping[int, float] = scene_field(
        Role(
            decides=True,
            key="strengths",
            pack=dict,
            needs="labels",
            checked=_checked_strengths,
            text=mark("Change strengths"),
            signal="edits_changed",
            tells=changed_keys,
        ),
        default_factory=lambda: MappingProxyType({}),
    )
    switched_off: frozenset[int] = scene_field(
        _of_labels(decides=True, key="switched_off", text=mark("Switch changes on or off"), signal="edits_changed"),
        default=_NO_LABELS,
    )
    seed: int = scene_field(
        Role(decides=True, key="seed", checked=_checked_seed, text=mark("Change seed"), signal="seed_changed"),
        default=0,
    )
    precision: Precision = scene_field(
        Role(
            decides=True,
            key="precision",
            checked=_checked_precision,
            text=mark("Change precision"),
        ),
        default="float32",
    )
    detail: Detail = scene_field(
        Role(decides=True, key="detail", checked=_checked_detail, text=mark("Change detail"), signal="detail_changed"),
        default="model",
    )
    kind: str = scene_field(
        Role(decides=True, checked=lambda kind, _: kind_named(kind).name, text=mark("Change kind of request")),
        default=RENDER.name,
    )
    inputs: Mapping[str, Any] = scene_field(
        Role(recalled=True, checked=_checked_inputs, text=mark("Change inputs")),
        default_factory=lambda: MappingProxyType({}),
    )
    locked: frozenset[int] = scene_field(
        _of_labels(key="label_locks", text=mark("Change locked labels"), signal="labels_changed"), default=_NO_LABELS
    )
    hidden: frozenset[int] = scene_field(
        _of_labels(text=mark("Change hidden labels"), signal="labels_changed"), default=_NO_LABELS
    )
    style_locked: frozenset[int] = scene_field(
        _of_labels(key="style_locks", text=mark("Change locked styles"), signal="style_locks_changed"),
        default=_NO_LABELS,
    )
    photo: np.ndarray | None = scene_field(
        Role(
            needs="size",
            checked=lambda pixels, _: checked_picture(pixels),
            same=lambda a, b: a is b,
            text=mark("Change photo"),
        ),
        default=None,
    )

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def checked(cls: type[S], *, label_set: LabelSet, **values: Any) -> S:
        """A scene of values from outside. Raises BadRequest or BadLabelMap where one is wrong."""
        field_roles = roles(cls)
        return cls(
            label_set=label_set, **{name: field_roles[name].checked(value, label_set) for name, value in values.items()}
        )

    def with_checked(self: S, **values: Any) -> S:
        """The scene with other values from outside. Raises BadRequest or BadLabelMap where one is wrong."""
        field_roles = roles(type(self))
        label_set = values.get("label_set", self.label_set)
        return replace(self, **{name: field_roles[name].checked(value, label_set) for name, value in values.items()})

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

    def same_file(self, other: Scene) -> bool:
        """Whether both make the same file: the picture, and what travels with it."""
        travelling = {name for name, role in roles(type(self)).items() if role.key and not role.decides}
        return self.same_picture(other) and not travelling & self.differences(other)

    def picture_key(self) -> bytes:
        """Equal for scenes that make the same picture."""
        plain_values = [
            _in_order(getattr(self, name))
            for name, role in roles(type(self)).items()
            if role.decides and name != "label_map"
        ]
        digest = hashlib.sha256(repr((plain_values, self.own_inputs)).encode("utf-8", "surrogatepass"))
        digest.update(self.label_map.digest())
        return digest.digest()

    # ------------------------------------------------------------ scenes derived from it

    def on_other_ground(self: S, **values: Any) -> S:
        """The scene with another label set, size or picture; what says nothing there goes back to its default."""
        scene = replace(self, **values)
        lost_needs = set()
        if not scene.label_set.same_labels(self.label_set):
            lost_needs.add("labels")
        if scene.label_map.shape != self.label_map.shape:
            lost_needs.add("size")
        defaults = {
            name: default_of(type(self), name)
            for name, role in roles(type(self)).items()
            if role.needs in lost_needs and name not in values
        }
        return replace(scene, **defaults)

    def recalling(self: S, kept: Scene) -> S:
        """The scene with all that made a kept picture; the rest stays as it is now."""
        recalled = [name for name, role in roles(type(self)).items() if role.decides or role.recalled]
        return self.on_other_ground(**{name: getattr(kept, name) for name in recalled})

    def to_keep(self: S) -> S:
        """The scene as it is kept with its picture: without what neither decides it nor travels with it."""
        left_out = [name for name, role in roles(type(self)).items() if not (role.decides or role.recalled or role.key)]
        return replace(self, **{name: default_of(type(self), name) for name in left_out})

    # ------------------------------------------------------------ requests

    @property
    def own_inputs(self) -> Any:
        """The inputs of the kind that paints the picture."""
        return self.inputs_of(self.kind)

    def inputs_of(self, kind: str) -> Any:
        """What a kind of request needs beyond the scene; its defaults where nothing was chosen."""
        return self.inputs.get(kind) or kind_named(kind).inputs()

    def to_request(self, kind: str = "") -> Any:
        """The request that paints the picture, or one of another kind. Compresses the label map: for workers."""
        request_kind = kind_named(kind or self.kind)
        values = {**packed(self), **packed(self.inputs_of(request_kind.name))}
        return request_kind.request(
            **{key: value for key, value in values.items() if key in request_kind.request.__struct_fields__}
        )

    @classmethod
    def values_of(cls, request: Any) -> dict[str, Any]:
        """What a request says of a scene's fields: the other way round. To be checked."""
        request_kind = kind_named(str(request.__struct_config__.tag))
        values = {**unpacked(cls, request), "kind": request_kind.name}
        if request_kind.inputs is not NoInputs:
            values["inputs"] = {request_kind.name: request_kind.inputs(**unpacked(request_kind.inputs, request))}
        return values

    # ------------------------------------------------------------ what the render lane paces itself by
    # (`app.jobs.render_lane.Sizable`)

    @property
    def pace_key(self) -> tuple[str, str]:
        """What the time of a picture depends on apart from its size."""
        return self.weights, self.precision

    @property
    def pace_size(self) -> tuple[int, int, str]:
        """Height and width of the label map, and the detail."""
        return self.label_map.height, self.label_map.width, self.detail

    def reduced(self: S, height: int, width: int) -> S:
        """The same with a smaller label map: what a preview is made of."""
        return replace(self, label_map=FrozenMap.of(self.label_map.resized(height, width)), detail="model")
