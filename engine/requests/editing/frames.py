"""The frames of one photo: which of them change it, and what each has of it beside the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.compose.sharing import Circle, Claim
from engine.labels.label_maps import resize_label_map
from engine.labels.looked_at import UNSEEN, slices_of
from engine.pictures.face_frames import FaceFrame
from engine.requests.editing.frame import Frame
from engine.requests.label_map_data import LabelMapData

if TYPE_CHECKING:
    from engine.requests.edit import EditRequest, FrameEdits


def frames_of(request: EditRequest) -> list[tuple[FrameEdits, Claim | None]]:
    """The frames that change the photo with their claims, or where none does the one that the request names itself.

    No frame reaches into that of a face that is edited too. Of a face that is not, those whose regions the parser finds
    leave that as well: it finds the hair of both. A label map that was given says itself what is the frame's, unless
    the face beside it has the same map, one of the whole photo.
    """
    every_frame = [request.own_frame, *request.other_frames]
    active = [frame for frame in every_frame if frame.changes_photo] or every_frame[:1]
    if len(every_frame) == 1:
        return [(every_frame[0], None)]
    return [(frame, _claim(frame, every_frame)) for frame in active]


def _claim(frame: FrameEdits, every_frame: list[FrameEdits]) -> Claim | None:
    if frame.face is None:
        return None
    others = [
        beside.face
        for beside in every_frame
        if beside is not frame
        and beside.face is not None
        and (beside.changes_photo or frame.label_map in (None, beside.label_map))
    ]
    return claim_of(frame.face, others)


def claim_of(face: FaceFrame, others: list[FaceFrame]) -> Claim:
    """What a face has of a photo beside others; all in longer sides of it."""
    return Claim(_circle(face), tuple(_circle(other) for other in others))


def _circle(face: FaceFrame) -> Circle:
    return face.x, face.y, face.side


def own_part(label_map: LabelMapData | None, claim: Claim | None) -> LabelMapData | None:
    """A label map of the whole photo with label 0 where others have it: a frame shows no regions of theirs."""
    if label_map is None or claim is None or not claim.others:
        return label_map
    height, width = label_map.height, label_map.width
    share = claim.of(slice(0, height), slice(0, width), height, width)
    return LabelMapData.from_array(np.where(share > 0, label_map.array(), 0))


def shared_out(frame: Frame, claim: Claim | None) -> Frame:
    """The frame without the regions of which it has nothing: they belong to those beside it."""
    if claim is None or not claim.others:
        return frame
    height, width = frame.whole_map.shape
    rows, columns = slices_of(frame.box, height, width)
    framed = claim.of(rows, columns, height, width) > 0
    own_in_frame = resize_label_map(framed.astype(np.uint8), *frame.label_map.shape) > 0
    whole_map = frame.whole_map.copy()
    whole_map[rows, columns][~framed] = UNSEEN
    return replace(
        frame,
        whole_map=whole_map,
        label_map=np.where(own_in_frame, frame.label_map, np.uint8(UNSEEN)),
    )
