"""One parser in use: a photograph becomes a label map, with a word of warning where it is unsure."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import Message, WeightsError
from engine.labels.doubts import FACE_PARTS, doubt_about
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.nn.blocks import channels_last
from engine.nn.efficientnet_lite import fold_batch_norms
from engine.pictures.images import resize_image
from engine.requests.parse import Parsed
from engine.systems.parser.lite import LiteParser
from engine.systems.parser.network import Parser
from engine.weights.networks import network_of
from engine.weights.store import Weights

Array = np.ndarray
FACE_SHARE = 0.03
"""Share of the picture that skin, nose, eyes and lips must cover for a portrait parser to have found a face."""

DOUBTFUL = 0.6
"""Mean probability of a label's pixels below which it is probably another: grey hair that is called an earring."""
SPECK, SMALL = 5e-4, 0.05
"""Shares of the picture: smaller regions are nobody's business, larger ones are told by the whole map's confidence."""


class PhotoParser:
    """Weights of system "parser", ready to parse. Raises WeightsError if tensors and card do not fit."""

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        label_set = weights.card.labels()
        if label_set is None:
            raise WeightsError('The card of "{0}" has no label set; get the weights again.', self.card.name)
        self.label_set: LabelSet = label_set
        network: Parser | LiteParser = network_of(weights).eval()
        self.config = network.config
        fold_batch_norms(network)
        self.parser = channels_last(network, device)

    def parse(self, pixels: Array) -> Parsed:
        """Find the regions of a photograph.

        Args:
            pixels: (H, W, 3) uint8, any size.

        Returns:
            label map (H, W) uint8; confidence 0..1; warnings for the user, empty when the parser is sure; the part of
            the picture that the regions come from. The confidence is the mean probability of the chosen labels, label
            by label: eyes count as much as hair, which tells more about how good a map is (on validation portraits it
            goes with mIoU at 0.90, the mean over all pixels at 0.66). A small face in a large
            picture is looked at again, closer; around that all is label 0.
        """
        label_ids, sureness = self._parse_whole(pixels)
        judged_ids = label_ids
        face_box, closer_part = self._face_box(label_ids), None
        if face_box is not None:
            top, left, bottom, right = face_box
            closer_ids, sureness = self._parse_whole(pixels[top:bottom, left:right])
            framed_ids = np.zeros_like(label_ids)
            framed_ids[top:bottom, left:right] = closer_ids
            label_ids, judged_ids = framed_ids, closer_ids
            height, width = label_ids.shape
            closer_part = top / height, left / width, bottom / height, right / width
        confidence = float(np.mean(list(sureness.values())))
        return Parsed(
            label_ids,
            confidence,
            self._warnings(judged_ids, confidence),
            closer_part,
            doubtful_labels(judged_ids, sureness),
        )

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

    def _parse_whole(self, pixels: Array) -> tuple[Array, dict[int, float]]:
        """Label map (H, W), and how sure the parser is of each label in it, see `_sureness`."""
        height, width = pixels.shape[:2]
        scale = self.config.resolution / max(height, width)
        scaled_height, scaled_width = max(1, round(height * scale)), max(1, round(width * scale))
        scaled_pixels = resize_image(pixels, scaled_height, scaled_width).copy()
        image = torch.from_numpy(scaled_pixels).permute(2, 0, 1)[None].float().div(127.5).sub(1).to(self.device)
        image = self._padded(image)
        with torch.inference_mode():
            probabilities = self._shares(image.contiguous(memory_format=torch.channels_last))
        best_probability, label_ids = probabilities[0, :, :scaled_height, :scaled_width].max(0)
        label_map = resize_label_map(label_ids.byte().cpu().numpy(), height, width)
        return label_map, _sureness(best_probability, label_ids)

    def _shares(self, image: Tensor) -> Tensor:
        """Probability of each label (1, L, H, W): the picture and its mirror image agree on more than one alone."""
        mirrored_ids = torch.arange(len(self.label_set))
        for left_label, right_label in self.label_set.swap_on_flip:
            mirrored_ids[left_label], mirrored_ids[right_label] = right_label, left_label
        probabilities = self.parser(torch.cat([image, image.flip(-1)])).float().softmax(1)
        return (probabilities[:1] + probabilities[1:].flip(-1)[:, mirrored_ids]) / 2

    def _padded(self, image: Tensor) -> Tensor:
        stride = self.parser.stride
        bottom_rows, right_columns = (-image.shape[-2] % stride, -image.shape[-1] % stride)
        return F.pad(image, (0, right_columns, 0, bottom_rows), mode="replicate")

    def _face_labels(self) -> list[int]:
        return [label.id for label in self.label_set.labels if label.name in FACE_PARTS]

    def _face_box(self, label_ids: Array) -> tuple[int, int, int, int] | None:
        """A square around a face that fills less than half of the picture's width, as the training set frames it.

        The face is the connected piece that has most of a face's parts: far from what it was trained on, a parser
        sees skin in many places.
        """
        face_labels = self._face_labels()
        if len(face_labels) < len(FACE_PARTS):
            return None
        bridged = max(label_ids.shape) // 100 | 1  # glasses and brows part a face into pieces
        parts = np.isin(label_ids, face_labels).astype(np.uint8)
        count, pieces = cv2.connectedComponents(cv2.dilate(parts, np.ones((bridged, bridged), np.uint8)))
        pieces[parts == 0] = 0
        sizes = np.bincount(pieces.ravel(), minlength=count)
        kinds = [np.unique(label_ids[pieces == piece]).size for piece in range(1, count)]
        if not kinds:
            return None
        face = 1 + max(range(count - 1), key=lambda piece: (kinds[piece], sizes[piece + 1]))
        face_rows, face_columns = np.nonzero(pieces == face)
        if len(face_columns) < 0.002 * label_ids.size:
            return None
        top, bottom = np.percentile(face_rows, (2, 98))
        left, right = np.percentile(face_columns, (2, 98))
        face_extent = max(bottom - top, right - left)
        square_side = face_extent * 1.9
        if square_side > 0.75 * max(label_ids.shape) or face_extent < 24:
            return None
        centre_y, centre_x = (top + bottom) / 2 - 0.08 * square_side, (left + right) / 2
        return (
            max(0, math.floor(centre_y - square_side / 2)),
            max(0, math.floor(centre_x - square_side / 2)),
            min(label_ids.shape[0], math.ceil(centre_y + square_side / 2)),
            min(label_ids.shape[1], math.ceil(centre_x + square_side / 2)),
        )

    def _warnings(self, label_ids: Array, confidence: float) -> tuple[str, ...]:
        face_labels = self._face_labels()
        if len(face_labels) == len(FACE_PARTS):
            face_shares = np.bincount(label_ids.ravel(), minlength=len(self.label_set))[face_labels] / label_ids.size
            if face_shares.sum() < FACE_SHARE or face_shares[1] == 0:
                return (
                    Message("No face was found in this picture; correct its label map before you take styles from it."),
                )
        if doubt := doubt_about(label_ids, self.label_set):
            return (Message("The regions cannot be right: {0}; look the label map over and correct it.", doubt),)
        if confidence < self.card.sure_from:
            return (
                Message(
                    "The parser is unsure about this picture (confidence {0}); look its label map over and correct "
                    "it where it is wrong.",
                    f"{confidence:.0%}",
                ),
            )
        return ()


def doubtful_labels(label_map: Array, sureness: dict[int, float]) -> tuple[int, ...]:
    """Labels of a map (H, W) that are probably others, background apart: small regions of which the parser is unsure.

    sureness: by label, see `_sureness`. Of 80 validation portraits, 96 of the 113 regions that this names have less
    than a third of their pixels right; they are 96 of the 136 such regions that are no specks.
    """
    sizes = np.bincount(label_map.ravel(), minlength=256)
    return tuple(
        label
        for label, probability in sureness.items()
        if label and probability < DOUBTFUL and SPECK * label_map.size <= sizes[label] < SMALL * label_map.size
    )


def _sureness(probabilities: Tensor, label_ids: Tensor) -> dict[int, float]:
    """The mean probability (0..1) of each label's pixels in a map; both (H, W)."""
    chosen = label_ids.flatten()
    pixel_counts = torch.bincount(chosen)
    sums = torch.bincount(chosen, probabilities.flatten().double())
    return {label: float(sums[label] / pixel_counts[label]) for label in torch.nonzero(pixel_counts).flatten().tolist()}
