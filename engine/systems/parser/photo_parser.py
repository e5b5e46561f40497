"""One parser in use: a photograph becomes a label map, with a word of warning where it is unsure."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import Message, WeightsError
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.nn.blocks import channels_last
from engine.pictures.images import resize_image
from engine.systems.networks import network_of
from engine.systems.parser.network import Parser
from engine.weights.store import Weights

Array = np.ndarray
UNSURE = 0.75
"""Mean probability of the chosen labels under which a user is told to look the label map over."""
FACE_SHARE = 0.03
"""Share of the picture that skin, nose, eyes and lips must cover for a portrait parser to have found a face."""
FACE_LABELS = ("skin", "nose", "left eye", "right eye", "upper lip", "lower lip")


class PhotoParser:
    """Weights of system "parser", ready to parse. Raises WeightsError if tensors and card do not fit."""

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        label_set = weights.card.labels()
        if label_set is None:
            raise WeightsError('The card of "{0}" has no label set; get the weights again.', self.card.name)
        self.label_set: LabelSet = label_set
        network: Parser = network_of(weights)
        self.config = network.config
        self.parser = channels_last(network, device).eval()

    def parse(self, pixels: Array) -> tuple[Array, float, tuple[str, ...]]:
        """Find the regions of a photograph.

        Args:
            pixels: (H, W, 3) uint8, any size.

        Returns:
            label map (H, W) uint8; confidence 0..1, the mean probability of the chosen labels; warnings for the
            user, empty when the parser is sure. A small face in a large picture is looked at again, closer.
        """
        label_ids, sure = self._parse_whole(pixels)
        box = self._face_box(label_ids)
        if box is not None:
            top, left, bottom, right = box
            closer, closer_sure = self._parse_whole(pixels[top:bottom, left:right])
            outside = np.zeros_like(label_ids)
            outside[top:bottom, left:right] = closer
            label_ids, sure = outside, closer_sure
        return label_ids, sure, self._warnings(label_ids, sure)

    def probabilities(self, pixels: Array) -> Array:
        """How likely each label is at each pixel of a frame: what soft borders of regions are made of.

        Args:
            pixels: (H, W, 3) uint8, a subject framed as the parser's training pictures are; resized to them.

        Returns:
            (L, H, W) float32, at least 0, sum 1 over the labels.
        """
        height, width = pixels.shape[:2]
        scale = self.config.resolution / max(height, width)
        small = resize_image(pixels, max(1, round(height * scale)), max(1, round(width * scale)))
        image = torch.from_numpy(small.copy()).permute(2, 0, 1)[None].float().div(127.5).sub(1).to(self.device)
        with torch.inference_mode():
            shares = self._shares(self._padded(image).contiguous(memory_format=torch.channels_last))
            shares = shares[:, :, : small.shape[0], : small.shape[1]]
            if small.shape[:2] != (height, width):
                shares = F.interpolate(shares, size=(height, width), mode="bilinear", align_corners=False)
        return shares[0].cpu().numpy()

    def _parse_whole(self, pixels: Array) -> tuple[Array, float]:
        height, width = pixels.shape[:2]
        scale = self.config.resolution / max(height, width)
        small_h, small_w = max(1, round(height * scale)), max(1, round(width * scale))
        small = resize_image(pixels, small_h, small_w).copy()
        image = torch.from_numpy(small).permute(2, 0, 1)[None].float().div(127.5).sub(1).to(self.device)
        image = self._padded(image)
        with torch.inference_mode():
            shares = self._shares(image.contiguous(memory_format=torch.channels_last))
        best, label_ids = shares[0, :, :small_h, :small_w].max(0)
        label_map = resize_label_map(label_ids.byte().cpu().numpy(), height, width)
        return label_map, float(best.mean())

    def _shares(self, image: Tensor) -> Tensor:
        """Probability of each label (1, L, H, W): the picture and its mirror image agree on more than one alone."""
        mirror = torch.arange(len(self.label_set))
        for a, b in self.label_set.swap_on_flip:
            mirror[a], mirror[b] = b, a
        both = self.parser(torch.cat([image, image.flip(-1)])).float().softmax(1)
        return (both[:1] + both[1:].flip(-1)[:, mirror]) / 2

    def _padded(self, image: Tensor) -> Tensor:
        stride = self.parser.stride
        bottom, right = (-image.shape[-2] % stride, -image.shape[-1] % stride)
        return F.pad(image, (0, right, 0, bottom), mode="replicate")

    def _face_labels(self) -> list[int]:
        return [label.id for label in self.label_set.labels if label.name in FACE_LABELS]

    def _face_box(self, label_ids: Array) -> tuple[int, int, int, int] | None:
        """A square around a face that fills less than half of the picture's width, as the training set frames it."""
        if len(self._face_labels()) < len(FACE_LABELS):
            return None
        ys, xs = np.nonzero(np.isin(label_ids, self._face_labels()))
        if len(xs) < 0.002 * label_ids.size:
            return None
        top, bottom = np.percentile(ys, (2, 98))
        left, right = np.percentile(xs, (2, 98))
        face = max(bottom - top, right - left)
        side = face * 1.9
        if side > 0.75 * max(label_ids.shape) or face < 24:
            return None
        centre_y, centre_x = (top + bottom) / 2 - 0.08 * side, (left + right) / 2
        return (
            max(0, math.floor(centre_y - side / 2)),
            max(0, math.floor(centre_x - side / 2)),
            min(label_ids.shape[0], math.ceil(centre_y + side / 2)),
            min(label_ids.shape[1], math.ceil(centre_x + side / 2)),
        )

    def _warnings(self, label_ids: Array, sure: float) -> tuple[str, ...]:
        face = self._face_labels()
        if len(face) == len(FACE_LABELS):
            shares = np.bincount(label_ids.ravel(), minlength=len(self.label_set))[face] / label_ids.size
            if shares.sum() < FACE_SHARE or shares[1] == 0:
                return (
                    Message("No face was found in this picture; correct its label map before you take styles from it."),
                )
        if sure < UNSURE:
            return (
                Message(
                    "The parser is unsure about this picture (confidence {0}); look its label map over and correct "
                    "it where it is wrong.",
                    f"{sure:.0%}",
                ),
            )
        return ()
