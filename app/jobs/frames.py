"""Faces of a photo and the regions of one frame of it. The functions run in the work lane."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.jobs.originals import Original, Regions
from app.jobs.work_lane import Work
from app.shell.i18n import tr
from app.texts.translate import translate
from engine.compose.sharing import frame_shares
from engine.labels.label_sets import LabelSet
from engine.pictures.face_frames import FaceFrame
from engine.requests.faces.choice import chosen_frame, is_of_faces
from engine.requests.faces.find_faces import FindFacesRequest
from engine.requests.parse import ParseRequest


def find_faces(
    work: Work, original: Original, *, label_set: LabelSet, finder: str | None
) -> tuple[FaceFrame | None, tuple[FaceFrame, ...]]:
    """The frame to begin with, None for the whole photo, and those of all faces, the largest first, in longer sides of
    the photo. None are looked for where labels are of no faces, or without weights that find them (``finder``)."""
    if finder is None or not is_of_faces(label_set):
        return None, ()
    work.progress(0.1, tr("Looking for faces in {0}").format(original.reference.name))
    with work.session() as session:
        faces: Any = session.run(FindFacesRequest(finder, original.reference), None, work.cancel_event)
    return chosen_frame(faces), tuple(faces.frames)


def frame_regions(
    work: Work, original: Original, face: FaceFrame, others: tuple[FaceFrame, ...], *, parser: str | None
) -> Regions:
    """The regions of one frame of a photo, with what is nearer to another face left out. Raises EngineError."""
    height, width = original.pixels.shape[:2]
    label_map = np.zeros((height, width), np.uint8)
    in_photo = face.scaled(max(height, width))
    rows, columns = in_photo.box(height, width)
    looked_at = rows.start / height, columns.start / width, rows.stop / height, columns.stop / width
    if parser is None:
        warning = tr("There is no parser for these labels: paint the regions of the photo by hand.")
        return Regions(label_map, (warning,), looked_at)
    work.progress(0.3, tr("Finding the regions of {0}").format(original.reference.name))
    cut = np.ascontiguousarray(original.pixels[rows, columns])
    local = FaceFrame(in_photo.x - columns.start, in_photo.y - rows.start, in_photo.side, in_photo.turn)
    request = ParseRequest.from_pixels(parser, cut, local.scaled(1 / max(cut.shape[:2])))
    with work.session() as session:
        result: Any = session.run(request, None, work.cancel_event)
    found_ids = np.asarray(result.label_map, np.uint8)
    if others:
        x = (np.arange(columns.start, columns.stop) + 0.5)[None, :]
        y = (np.arange(rows.start, rows.stop) + 0.5)[:, None]
        every_frame = [each.scaled(max(height, width)) for each in (face, *others)]
        share = frame_shares([(each.x, each.y, each.side) for each in every_frame], x, y)[0]
        found_ids = np.where(share >= 0.5, found_ids, np.uint8(0))
    label_map[rows, columns] = found_ids
    warnings = tuple(translate(str(note)) for note in result.notes)
    return Regions(label_map, warnings, looked_at, tuple(result.doubtful))
