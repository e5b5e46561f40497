"""Find faces: where they are in a photo, the largest first."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from engine.compose.samples import as_seen
from engine.errors import Message
from engine.files import PathLike, write_text
from engine.pictures.face_frames import Face, FaceFrame
from engine.requests.base import Report, Request, Services
from engine.requests.photo_reference import PhotoReference
from engine.requests.style_pictures import notes_of

Array = np.ndarray


class FaceLocator(Protocol):
    """Weights in use that serve requests to find faces."""

    def find(self, pixels: Array) -> list[Face]:
        """Of (H, W, 3) uint8, the largest frame first."""
        ...


@dataclass(frozen=True)
class FoundFaces:
    """faces: in pixels of the photo, the largest frame first. width, height: of the photo. seconds taken."""

    faces: tuple[Face, ...]
    width: int
    height: int
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def frames(self) -> tuple[FaceFrame, ...]:
        """In longer sides of the photo, as requests have them."""
        return tuple(face.frame.scaled(1 / max(self.width, self.height)) for face in self.faces)

    def save(self, path: PathLike) -> None:
        """Write `facts` as JSON. Raises BadFile."""
        write_text(Path(path), json.dumps(self.facts(), indent=1))

    def facts(self) -> dict[str, Any]:
        """Of each face its frame as requests have it, how sure it is, eyes and mouth in pixels; the photo's size."""
        faces = [
            {
                "frame": {"x": frame.x, "y": frame.y, "side": frame.side, "turn": frame.turn},
                "sureness": face.sureness,
                **dict(zip(("left_eye", "right_eye", "mouth"), np.round(face.points, 1).tolist())),
            }
            for face, frame in zip(self.faces, self.frames)
        ]
        return {"width": self.width, "height": self.height, "faces": faces, "seconds": self.seconds}

    def lines(self) -> list[str]:
        """How many there are, and a line for each."""
        count = "1 face" if len(self.faces) == 1 else f"{len(self.faces)} faces"
        return [count, *(f"  {number}: {told(face.frame)}" for number, face in enumerate(self.faces, 1))]


def told(frame: FaceFrame) -> str:
    """A frame in pixels, for people."""
    turn = f", turned by {frame.turn:.0f} degrees" if abs(frame.turn) >= 1 else ""
    return f"{frame.side:.0f} pixels wide around ({frame.x:.0f}, {frame.y:.0f}){turn}"


class FindFacesRequest(Request[FoundFaces], frozen=True, tag="find-faces"):
    """Find the faces of a photo."""

    task: ClassVar[Message] = Message("find faces")
    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    photo: PhotoReference

    def located(self, folder: Path) -> FindFacesRequest:
        """As `Request.located`."""
        return self.replace(photo=self.photo.located(folder))

    def as_in_file(self, target: PathLike) -> FindFacesRequest:
        """As `Request.as_in_file`."""
        return self.replace(photo=self.photo.as_in_file(target))

    def check_data(self) -> None:
        """A damaged photo is found when the request is read."""
        self.photo.check_data()

    def run(self, services: Services, report: Report) -> FoundFaces:
        """Read the photo and look for faces. Raises MissingPhoto, BadFile, WeightsError, Cancelled."""
        started = time.perf_counter()
        report(0.0, Message("loading"))
        finder: FaceLocator = services.runtime(self)
        photo = self.photo.read(services.kept, self.photo.identity(services.kept))
        report(0.3, Message("finding faces"))
        faces = finder.find(as_seen(photo.samples))
        report(1.0, Message("found faces"))
        height, width = photo.samples.shape[:2]
        notes = tuple(notes_of(self.photo.path, photo.notes))
        return FoundFaces(tuple(faces), width, height, time.perf_counter() - started, notes)
