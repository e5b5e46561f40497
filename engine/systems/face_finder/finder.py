"""One finder in use: pictures of any size, faces of any size in them."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from msgspec import structs

from engine.nn.blocks import channels_last
from engine.nn.efficientnet_lite import fold_batch_norms
from engine.pictures.face_frames import Face, FaceFrame, makes_frame, moved, upright
from engine.systems.face_finder.network import CELL, STRIDE, FinderNetwork, Sightings
from engine.weights.networks import network_of
from engine.weights.store import Weights

Array = np.ndarray
LONGEST = 960
"""Longer side in pixels of the largest picture that is looked at; larger ones are reduced to it."""
STEP = 2
"""By how much each look reduces the picture further, until a face that fills it is small enough."""
SMALL = 96
"""Longer side from which on a picture is small enough: the network knows faces that fill it."""
LIKELY, SURE = 0.25, 0.4
"""Of a cell's heat: from where it is looked at closer, and from where on a face is found."""
LEAST = 24
"""Side of the smallest frame in pixels: of a smaller face nothing can be painted, and little tells it from leaves."""
CLOSE = 128
"""Side of the closer look, in pixels; the frame takes `OF_CLOSE` of it."""
OF_CLOSE = 0.75
MOST_LIKELY = 48
"""Faces that are looked at closer in one picture, the warmest ones."""
SAME = 0.3
"""Distance of two frames' centres over the larger side below which they are one face."""


class FaceFinder:
    """Weights of system "face-finder", ready to find. Raises WeightsError if tensors and card do not fit."""

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        network: FinderNetwork = network_of(weights).eval()
        self.config = network.config
        fold_batch_norms(network)
        self.network = channels_last(network, device)

    def find(self, pixels: Array) -> list[Face]:
        """The faces of (H, W, 3) uint8, of any size, the largest frame first.

        The picture is looked at as it is (`LONGEST` at most) and smaller and smaller; what looks like a face is looked
        at again, upright and at one size.
        """
        sizes = reduced_in_turn(pixels)
        likely = [face for size in sizes if max(size.shape[:2]) <= LONGEST for face in self._look(size, pixels.shape)]
        likely = apart(likely)[:MOST_LIKELY]
        sure = [face for face in self._look_closer(sizes, likely) if face.sureness >= SURE and face.frame.side >= LEAST]
        return sorted(apart(sure), key=lambda face: -face.frame.side)

    def _look(self, reduced: Array, shape: tuple[int, ...]) -> list[Face]:
        """Faces of a reduced picture, in pixels of the picture itself, (H, W, 3)."""
        scales = _scales(reduced, shape)
        faces = spotted_in(self._sightings(reduced[None]), LIKELY)[0]
        return [Face(face.points * scales, face.sureness) for face in faces]

    def _look_closer(self, sizes: list[Array], likely: list[Face]) -> list[Face]:
        """What two closer looks find nearest to the middle of each; a face that they do not see is left out.

        The second is better placed than the first, and is one at the mirror image too: both are averaged, and what the
        mirror image does not show is half as sure.
        """
        likely = [face for face in self._closer(sizes, likely, mirrored=False) if face.sureness >= LIKELY]
        return self._closer(sizes, likely, mirrored=True)

    def _closer(self, sizes: list[Array], likely: list[Face], *, mirrored: bool) -> list[Face]:
        """The faces as one closer look, upright and at one size, shows them."""
        if not likely:
            return []
        frames = [structs.replace(face.frame, side=face.frame.side / OF_CLOSE) for face in likely]
        squares = np.stack([_square(sizes, frame) for frame in frames])
        looks = [[_middle(faces) for faces in spotted_in(self._sightings(squares), LIKELY)]]
        if mirrored:
            images = spotted_in(self._sightings(squares[:, :, ::-1]), LIKELY)
            looks.append([_mirrored(_middle(faces)) for faces in images])
        closer = []
        for frame, seen in zip(frames, zip(*looks)):
            faces = [face for face in seen if face is not None]
            if faces:
                points = np.mean([face.points for face in faces], axis=0)
                sureness = sum(face.sureness for face in faces) / len(seen)
                if makes_frame(points):
                    closer.append(Face(moved(points, frame.outwards(CLOSE)), sureness))
        return closer

    @torch.inference_mode()
    def _sightings(self, pictures: Array) -> Sightings:
        """Of (B, H, W, 3) uint8, padded to what the network takes; the padding's cells are cold."""
        height, width = pictures.shape[1:3]
        image = torch.from_numpy(np.array(pictures)).to(self.device).permute(0, 3, 1, 2)
        image = F.pad(image.float().div_(127.5).sub_(1), (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        return self.network(image.contiguous(memory_format=torch.channels_last))


def reduced_in_turn(pixels: Array) -> list[Array]:
    """A picture (H, W, 3) uint8, at most `LONGEST`, and each half of the one before until it is `SMALL`.

    Each is made of the one before: a look at a large face does not read the whole picture again.
    """
    height, width = pixels.shape[:2]
    longer = max(height, width)
    sides = [min(float(LONGEST), longer)]
    while sides[-1] > SMALL:
        sides.append(sides[-1] / STEP)
    sizes = [pixels]
    for factor in (side / longer for side in sides if side < longer):
        size = max(1, round(width * factor)), max(1, round(height * factor))
        sizes.append(cv2.resize(sizes[-1], size, interpolation=cv2.INTER_AREA))
    return sizes


def _square(sizes: list[Array], frame: FaceFrame) -> Array:
    """What a frame shows, by the smallest of the sizes that has pixels enough for it; (CLOSE, CLOSE, 3)."""
    shape = sizes[0].shape
    enough = [size for size in sizes if frame.side >= CLOSE * max(_scales(size, shape))] or sizes[:1]
    across, down = _scales(enough[-1], shape)
    own = structs.replace(frame, x=frame.x / across, y=frame.y / down, side=frame.side / max(across, down))
    return upright(enough[-1], own, CLOSE)


def _scales(reduced: Array, shape: tuple[int, ...]) -> tuple[float, float]:
    """How much wider and higher the picture (H, W, 3) is than a reduced one."""
    return shape[1] / reduced.shape[1], shape[0] / reduced.shape[0]


def spotted_in(sightings: Sightings, least_heat: float = SURE) -> list[list[Face]]:
    """Of each picture of a batch: the peaks of the heat map from `least_heat` on that are faces apart,
    the warmest first."""
    heat = sightings.heat.float().sigmoid()
    is_peak = (heat == F.max_pool2d(heat, 3, 1, 1)) & (heat >= least_heat)
    points = (sightings.places() * CELL).permute(0, 2, 3, 1)
    faces_of_pictures = []
    for number in range(len(heat)):
        rows, columns = torch.nonzero(is_peak[number, 0], as_tuple=True)
        places = points[number, rows, columns].reshape(-1, 3, 2).cpu().numpy().astype(float)
        heats = heat[number, 0, rows, columns].tolist()
        faces_of_pictures.append(apart([Face(*pair) for pair in zip(places, heats) if makes_frame(pair[0])]))
    return faces_of_pictures


def apart(faces: list[Face]) -> list[Face]:
    """Those of the faces that are no colder double of another, the warmest first."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.sureness):
        frame = face.frame
        if all(_distance(frame, other.frame) > SAME * max(frame.side, other.frame.side) for other in kept):
            kept.append(face)
    return kept


def _distance(first: FaceFrame, second: FaceFrame) -> float:
    return float(np.hypot(first.x - second.x, first.y - second.y))


def _middle(faces: list[Face]) -> Face | None:
    """The surest face of a closer look that lies about its middle."""
    middle = CLOSE / 2
    about = [face for face in faces if np.hypot(face.frame.x - middle, face.frame.y - middle) < SAME * OF_CLOSE * CLOSE]
    return max(about, key=lambda face: face.sureness, default=None)


def _mirrored(face: Face | None) -> Face | None:
    """A face of a mirror image as it lies in the closer look itself."""
    return None if face is None else Face((face.points * (-1, 1) + (CLOSE, 0))[[1, 0, 2]], face.sureness)
