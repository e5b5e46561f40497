"""How well faces are found: which of the true ones, and how often where there is none."""

from __future__ import annotations

import cv2
import numpy as np

from engine.pictures.face_frames import Face, frame_of

Array = np.ndarray
EYES_OFF = 0.05
"""How far each eye may be off, of the frame's side, for a face to count as found."""


class Tally:
    """Counts of faces and pictures, picture by picture."""

    def __init__(self) -> None:
        self.faces = self.hits = self.empty = self.alarmed = self.strays = 0
        self.offs: list[float] = []

    def add(self, faces: list[Face], true_faces: Array) -> None:
        """The faces found in a picture whose (N, 7) are true; those that do not count are neither asked for nor
        false."""
        if not len(true_faces):
            self.empty += 1
            self.alarmed += bool(faces)
            return
        left = list(faces)
        for row in true_faces:
            points, counts = row[:6].reshape(3, 2).astype(float), bool(row[6])
            frame = frame_of(points)
            offs = [float(np.hypot(*(face.points[:2] - points[:2]).T).max()) / frame.side for face in left]
            nearest = int(np.argmin(offs)) if offs else -1
            self.faces += counts
            if offs and offs[nearest] < 0.5:
                left.pop(nearest)
                self.hits += counts and offs[nearest] <= EYES_OFF
                self.offs += [offs[nearest]] if counts else []
        self.strays += len(left)

    @property
    def found(self) -> float:
        """Share of the faces that count which were found, both eyes within `EYES_OFF`."""
        return self.hits / max(1, self.faces)

    @property
    def false_alarms(self) -> float:
        """Share of the pictures without faces in which one was found."""
        return self.alarmed / max(1, self.empty)

    def numbers(self) -> dict[str, float]:
        """found, false_alarms; strays: faces found beside the true ones, per true one; eyes_off: median distance of
        the farther eye, of the frame's side."""
        numbers = {"found": self.found, "false_alarms": self.false_alarms, "strays": self.strays / max(1, self.faces)}
        return numbers | ({"eyes_off": float(np.median(self.offs))} if self.offs else {})


def drawn_faces(pixels: Array, faces: list[Face]) -> Array:
    """A copy of (H, W, 3) uint8 with frames, eyes and mouths drawn into it."""
    drawn = np.array(pixels)
    for face in faces:
        cv2.polylines(drawn, [np.rint(face.frame.corners()).astype(np.int32)], True, (80, 255, 80), 1, cv2.LINE_AA)
        for x, y in face.points.tolist():
            cv2.circle(drawn, (round(x), round(y)), 1, (255, 80, 80), -1)
    return drawn
