"""A second kind of document that is a photo, as somebody would write it: its request, its inputs, its panel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta
from PySide6.QtWidgets import QSlider

from app.document.kinds import Kind, PhotoOffer, photo_seen, photo_sizes
from app.document.scene_fields import Role, scene_field
from app.window.request_kinds import RequestKind
from engine.errors import Message
from engine.pictures.images import PICTURE_SUFFIXES
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo, at_view_size, read_photo
from engine.requests.base import Report, Request, Services
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference


@dataclass(frozen=True)
class LightResult:
    """The photo in another light."""

    samples: np.ndarray
    photo: Photo
    request: LightRequest
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def save(self, path: Path, *, keep_place: bool = False) -> None:
        write_photo(path, self.samples, self.photo, keep_place=keep_place, request_json=to_json(self.request))


class LightRequest(Request[LightResult], frozen=True, tag="light"):
    """Make a photo lighter where its label map has a label other than 0."""

    task: ClassVar[Message] = Message("light photos")
    suffixes: ClassVar[tuple[str, ...]] = PICTURE_SUFFIXES

    photo: PhotoReference
    label_map: LabelMapData | None = None
    steps: Annotated[int, Meta(ge=0)] = 10

    def located(self, folder: Path) -> LightRequest:
        return self.replace(photo=self.photo.located(folder))

    def as_in_file(self, target: Path) -> LightRequest:
        return self.replace(photo=self.photo.as_in_file(target))

    def run(self, services: Services, report: Report) -> LightResult:
        photo = read_photo(self.photo.source())
        assert self.label_map is not None
        height, width = self.label_map.height, self.label_map.width
        photo = at_view_size(photo, max(height, width))
        lit = np.clip(photo.samples.astype(int) + self.steps, 0, np.iinfo(photo.samples.dtype).max)
        region = self.label_map.array() > 0
        samples = np.where(region[..., None], lit, photo.samples).astype(photo.samples.dtype)
        return LightResult(samples, photo, self)


@dataclass(frozen=True)
class LightInputs:
    steps: int = scene_field(Role(key="steps"), default=10)


LIGHT = Kind(
    LightRequest,
    lambda document, result: document.set_picture(result.pixels),
    LightInputs,
    picture=photo_seen,
    sizes=photo_sizes,
    smaller=lambda scene, height, width: replace(
        scene, label_map=type(scene.label_map).of(scene.label_map.resized(height, width))
    ),
    offer=PhotoOffer("Light this photo", "More light where somebody is", "{0} - lit"),
)
LIGHT_PANEL = RequestKind(LIGHT, "Light", "lightDock", lambda core: QSlider(), own_documents=True)
