"""The frames of a photo: the whole of it, and squares around its faces. One is edited at a time; of the others a scene
holds their regions and edits, so that coming back finds them.

What belongs to a frame, the roles of the scene's fields say (`Role.of_frame`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from app.document.checks import check_pieces_fit
from app.document.kinds import EDIT
from app.document.scene_fields import checked_values, default_of, of_pieces_there, roles
from app.raster.frozen_maps import FrozenMap
from engine.errors import BadRequest
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import Part
from engine.pictures.face_frames import FaceFrame
from engine.requests.edit import FrameEdits
from engine.requests.styles import Style

if TYPE_CHECKING:
    from app.document.scene import Scene

MAP = "label_map"


@dataclass(frozen=True)
class FrameState:
    """A frame that is not the one that is edited: values of the scene's fields, by name, that are not the defaults;
    without a label map its regions are still to be found."""

    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    __hash__ = None  # type: ignore[assignment]

    @property
    def face(self) -> FaceFrame | None:
        """Its frame; None for the whole photo."""
        face: FaceFrame | None = self.values.get("face")
        return face

    @property
    def styles(self) -> Mapping[int, Style]:
        """By region, as `Scene.styles`."""
        styles: Mapping[int, Style] = self.values.get("styles", MappingProxyType({}))
        return styles

    @property
    def style_locked(self) -> frozenset[int]:
        """As `Scene.style_locked`."""
        locked: frozenset[int] = self.values.get("style_locked", frozenset())
        return locked

    @property
    def areas(self) -> np.ndarray:
        """(256,) int64: number of pixels of each label id; all 0 until its regions are found."""
        label_map: FrozenMap | None = self.values.get(MAP)
        return np.zeros(256, np.int64) if label_map is None else label_map.areas

    @property
    def has_regions(self) -> bool:
        """Whether its regions were found."""
        return self.values.get(MAP) is not None


def state_of(scene: Scene) -> FrameState:
    """The frame that is edited now."""
    values = {name: getattr(scene, name) for name, role in roles(type(scene)).items() if role.of_frame}
    return _state(type(scene), values)


def _state(scene_class: type[Scene], values: Mapping[str, Any]) -> FrameState:
    """Without values that are the defaults, so that equal frames hold equal ones."""
    chosen = {
        name: value for name, value in values.items() if name == MAP or value != default_of(scene_class, name)
    }
    return FrameState(MappingProxyType({name: value for name, value in chosen.items() if value is not None}))


def states_of_faces(faces: Iterable[FaceFrame]) -> tuple[FrameState, ...]:
    """Frames of which only the place is known."""
    return tuple(map(_placed, faces))


def _placed(face: FaceFrame | None) -> FrameState:
    return FrameState(MappingProxyType({} if face is None else {"face": face}))


def states_in(scene: Scene) -> tuple[FrameState, ...]:
    """All frames, the one that is edited first."""
    return state_of(scene), *scene.other_frames


def frames_in(scene: Scene) -> list[FaceFrame]:
    """The frames of faces, the largest first: what they are numbered by."""
    faces = [state.face for state in states_in(scene)]
    return sorted((face for face in faces if face is not None), key=lambda face: (-face.side, face.x, face.y))


def state_for(scene: Scene, face: FaceFrame | None) -> FrameState:
    """What a scene holds of a frame; of one that it does not know only its place."""
    return next((state for state in states_in(scene) if state.face == face), _placed(face))


def with_regions(state: FrameState, label_map: FrozenMap, looked_at: Part | None) -> FrameState:
    """A frame with the regions that were found in it, and the part of the photo that was looked at for them."""
    values = {**state.values, MAP: label_map, "looked_at": looked_at}
    return FrameState(MappingProxyType({name: value for name, value in values.items() if value is not None}))


def with_frame(scene: Scene, state: FrameState) -> Scene:
    """The scene with another frame to edit, whose regions must be known; the present one becomes one of the others
    unless it has the same face."""
    others = tuple(other for other in states_in(scene) if other.face != state.face)
    values = {
        name: state.values.get(name, None if name == MAP else default_of(type(scene), name))
        for name, role in roles(type(scene)).items()
        if role.of_frame
    }
    return replace(scene, **values, other_frames=others)


def with_moved_frame(scene: Scene, face: FaceFrame, regions: Mapping[str, Any]) -> Scene:
    """The scene whose frame lies elsewhere, with the regions that were found there; its edits stay, and shapes that
    were painted lie on them."""
    if scene.photo_map is None:
        return replace(scene, face=face, **regions)
    shaped, wanted = regions[MAP].array(), scene.label_map.array()
    painted = wanted != scene.photo_map.array()
    shaped[painted] = wanted[painted]
    return replace(scene, face=face, photo_map=regions[MAP], **{**regions, MAP: FrozenMap.of(shaped)})


def without_frame(scene: Scene, face: FaceFrame) -> Scene:
    """The scene without one of the other frames and its edits."""
    return replace(scene, other_frames=tuple(state for state in scene.other_frames if state.face != face))


def changes_photo(state: FrameState) -> bool:
    """Whether a frame changes the photo."""
    off, strengths = state.values.get("switched_off", ()), state.values.get("strengths", {})
    shapes = state.values.get("photo_map")
    return any(label not in off and strengths.get(label) != 0 for label in state.styles) or (
        shapes is not None and shapes != state.values.get(MAP)
    )


# ---------------------------------------------------------------- in requests


def frames_packed(scene_class: type[Scene], states: Iterable[FrameState]) -> tuple[FrameEdits, ...]:
    """As requests have them."""
    return tuple(_packed(scene_class, state) for state in states)


def _packed(scene_class: type[Scene], state: FrameState) -> FrameEdits:
    values: dict[str, Any] = {}
    for name, role in roles(scene_class).items():
        if role.of_frame:
            value = state.values.get(name, None if name == MAP else default_of(scene_class, name))
            values[role.key] = None if value is None else role.pack(value)
    packed = EDIT.pack(of_pieces_there(values))
    return FrameEdits(**{key: packed[key] for key in FrameEdits.__struct_fields__})


def frames_unpacked(scene_class: type[Scene], frames: Iterable[FrameEdits]) -> tuple[FrameState, ...]:
    """The other way round, to be checked."""
    return tuple(
        FrameState(
            {
                name: role.unpack(values[role.key])
                for name, role in roles(scene_class).items()
                if role.of_frame and values[role.key] is not None
            }
        )
        for values in map(EDIT.unpack, frames)
    )


def frames_of_plain(scene_class: type[Scene], plain: Any) -> tuple[FrameState, ...]:
    """Frames of plain data, to be checked. Raises msgspec.ValidationError."""
    return frames_unpacked(scene_class, msgspec.convert(plain, tuple[FrameEdits, ...], str_keys=True))


def frames_checked(
    scene_class: type[Scene], states: Iterable[FrameState], label_set: LabelSet
) -> tuple[FrameState, ...]:
    """Frames as a scene holds them. Raises BadRequest or BadLabelMap where one is wrong."""
    checked_states = tuple(_checked(scene_class, state, label_set) for state in states)
    faces = [state.face for state in checked_states]
    if len(set(faces)) < len(faces):
        raise BadRequest("The request has one frame twice; keep each frame once.")
    return checked_states


def _checked(scene_class: type[Scene], state: FrameState, label_set: LabelSet) -> FrameState:
    chosen = {name: _as_map(value) for name, value in state.values.items() if value is not None}
    values = checked_values(scene_class, chosen, label_set)
    check_pieces_fit(values.get("piece_map"), values.get(MAP))
    return _state(scene_class, values)


def _as_map(value: Any) -> Any:
    return FrozenMap.of(value) if isinstance(value, np.ndarray) else value
