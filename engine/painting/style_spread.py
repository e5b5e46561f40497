"""How styles vary over a data set, so that they can be drawn where the network itself knows no prior.

SEAN and pix2pixHD turn pictures into codes but have no distribution of codes. Beside their tensors may stand
a styles file, measured on training pictures (a factor model, ours): what the labels of a picture share (light,
complexion: for sean-faces 16 numbers tell 94 % of all variation) and what is each label's own. A drawn style is

    mean + sum_k n_k * spread_k + sum_j m_j * own_j

where n follows from the seed and m from seed and label (`engine.painting.codes.drawn`). So one seed gives a label
the same style everywhere, and labels that share a seed fit together: two eyes match, the nose has the skin's light.
The card keeps the file's SHA-256 (`Card.styles_sha256`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.data.layout import PairFiles, split_stems
from engine.errors import BadFile, BadRequest, Message, NotSupported, WeightsError
from engine.files import read_bytes
from engine.labels.label_maps import read_data_map
from engine.labels.label_sets import LabelSet
from engine.painting.codes import drawn
from engine.painting.painter import Array, Painter
from engine.pictures.images import fit_square, fit_square_label_map, read_image
from engine.progress import Progress
from engine.weights.card import Card
from engine.weights.folder import styles_file
from engine.weights.store import Weights, check_weights, save_styles

PARTS = ("mean", "spread", "own")
SHARED, OWN = 16, 6
"""Directions in which a picture's styles vary together, and further ones of each label by itself."""
RIDGE = 5.0
"""Of the regression, in pictures: a label seen in few of them varies little with the shared directions."""
SHARED_STREAM = 255
"""Whose numbers the shared directions take (`drawn`): those of no label."""
COMMON = 0.3
"""Labels in at least this share of the pictures decide what the shared directions are."""
MIN_SHARE = 2e-4
"""Regions under this share of their picture (13 pixels of 256 x 256) do not count: their codes are mostly edge."""
PICTURES = 300


@dataclass(frozen=True)
class StyleSpread:
    """mean (L, D); spread (L, K, D) and own (L, J, D), directions times standard deviation: all float32.

    Zero for labels that were never seen: their drawn style is their mean style.
    """

    mean: Array
    spread: Array
    own: Array

    def sample(self, label: int, seed: int) -> Array:
        """The style (D,) float32 of a label for a seed."""
        style_code = self.mean[label].astype(np.float64)
        for stream, directions in ((SHARED_STREAM, self.spread[label]), (label, self.own[label])):
            # One after the other in float64, not as a matrix product: libraries of linear algebra add in orders of
            # their own, and the same seed is to give the same style on every machine.
            for amount, direction in zip(drawn(stream, seed, len(directions)), directions, strict=True):
                style_code += float(amount) * direction
        return style_code.astype(np.float32)


# ---------------------------------------------------------------- measuring


def measure_spread(
    painter: Painter,
    pictures: Iterable[Array],
    label_maps: Iterable[Array],
    on_picture: Callable[[int], None] | None = None,
) -> StyleSpread:
    """The spread of a data set's styles.

    Args:
        painter: weights that encode pictures.
        pictures, label_maps: (H, W, 3) uint8 and their label maps (h, w), one after the other.
        on_picture: called with the number of pictures done; may raise to stop.

    Raises:
        BadRequest: no picture. BadLabelMap: a label map does not fit the weights.
    """
    codes, present_labels = [], []
    for picture_index, (pixels, label_map) in enumerate(zip(pictures, label_maps, strict=True)):
        style_codes = painter.encode(pixels, label_map)
        area_shares = np.bincount(label_map.ravel(), minlength=256)[: len(style_codes.present)] / label_map.size
        codes.append(style_codes.codes)
        present_labels.append(style_codes.present & (area_shares >= MIN_SHARE))
        if on_picture is not None:
            on_picture(picture_index + 1)
    if not codes:
        raise BadRequest("There is no picture to measure styles on.")
    return spread_of(np.stack(codes), np.stack(present_labels))


def spread_of(codes: Array, present: Array, shared_count: int = SHARED) -> StyleSpread:
    """The factor model of codes (N, L, D), present (N, L).

    The factors are the principal components of the common labels' codes side by side, each label's scaled to one
    variance and its absences filled with the mean; a label's directions are its ridge regression on them.
    """
    picture_count, label_count, code_length = codes.shape
    mean_codes, shared_directions, own_directions = (
        np.zeros((label_count, size, code_length)) for size in (1, shared_count, OWN)
    )
    residuals: list[Array] = []
    for label in range(label_count):
        label_codes = codes[present[:, label], label].astype(np.float64)
        if len(label_codes):
            mean_codes[label, 0] = label_codes.mean(0)
        residuals.append(label_codes - mean_codes[label])
    scaled_columns = [np.zeros((picture_count, 1))]
    for label in np.flatnonzero(present.mean(0) >= COMMON).tolist():
        label_column = np.zeros((picture_count, code_length))
        label_column[present[:, label]] = residuals[label] / max(np.sqrt((residuals[label] ** 2).sum(1).mean()), 1e-12)
        scaled_columns.append(label_column)
    scores, singular_values, _ = np.linalg.svd(np.concatenate(scaled_columns, 1), full_matrices=False)
    significant = singular_values > 1e-6 * singular_values.max(initial=1e-12)
    scores = scores[:, significant][:, :shared_count] * np.sqrt(picture_count)  # of variance 1
    scores *= np.sign(scores[np.abs(scores).argmax(0), np.arange(scores.shape[1])])  # one sign of the two
    ridge = RIDGE * np.eye(scores.shape[1])
    for label, label_residuals in enumerate(residuals):
        if len(label_residuals) < 2:
            continue
        label_scores = scores[present[:, label]]
        regression = np.linalg.solve(label_scores.T @ label_scores + ridge, label_scores.T @ label_residuals)
        shared_directions[label, : len(regression)] = regression
        unexplained = label_residuals - label_scores @ regression
        _, singular_values, own_axes = np.linalg.svd(unexplained, full_matrices=False)
        kept_count = min(OWN, len(own_axes))
        own_axes = own_axes[:kept_count]
        signs = np.sign(own_axes[np.arange(kept_count), np.abs(own_axes).argmax(1)])
        deviations = singular_values[:kept_count] / np.sqrt(len(label_residuals) - 1)
        own_directions[label, :kept_count] = own_axes * signs[:, None] * deviations[:, None]
    arrays = mean_codes[:, 0], shared_directions, own_directions
    return StyleSpread(*(array.astype(np.float32) for array in arrays))


def measure_styles(
    painter: Painter,
    folder: Path,
    data_folder: Path,
    *,
    split: str = "train",
    limit: int = PICTURES,
    on_progress: Progress | None = None,
) -> Card:
    """Measure a data set's styles and write them beside the weights in `folder`; gives back the changed card.

    Args:
        painter: those weights in use.
        folder: their folder.
        data_folder: dataset folder with images/, labels/ and splits.json.
        split: whose pictures count. limit: at most that many, spread evenly over the split.
        on_progress: called with (fraction, text); may raise to stop.

    Raises:
        NotSupported: weights that take no styles from pictures, or draw them by themselves.
        BadRequest, BadFile, BadLabelMap: the pictures.
    """
    if not painter.measures_styles:
        raise NotSupported('"{0}" needs no measured styles: it draws its own, or has none.', painter.card.name)
    if limit < 2:
        raise BadRequest("{0} pictures are too few to tell how styles vary; use 2 or more.", limit)
    stems, files = split_stems(data_folder, split), PairFiles(data_folder)
    positions = np.linspace(0, len(stems) - 1, min(limit, len(stems))).round().astype(int)
    chosen_stems = [stems[position] for position in positions]

    def report_measured(picture_count: int) -> None:
        if on_progress is not None:
            on_progress(picture_count / len(chosen_stems), Message("measuring styles"))

    side = int(painter.config.resolution)
    spread = measure_spread(
        painter,
        (fit_square(read_image(files.image(stem)).pixels, side) for stem in chosen_stems),
        _label_maps(map(files.label_map, chosen_stems), painter.label_set, side),
        on_picture=report_measured,
    )
    return save_spread(folder, spread)


def _label_maps(map_paths: Iterable[Path], label_set: LabelSet, side: int) -> Iterator[Array]:
    for map_path in map_paths:
        true_map = read_data_map(map_path, label_set)
        yield fit_square_label_map(true_map.label_map, side)


# ---------------------------------------------------------------- the file


def spread_tensors(spread: StyleSpread) -> dict[str, torch.Tensor]:
    """What is kept of a spread, in half precision."""
    return {tensor_name: torch.from_numpy(getattr(spread, tensor_name)).half() for tensor_name in PARTS}


def save_spread(folder: Path, spread: StyleSpread) -> Card:
    """Write a spread beside the weights in `folder` and its hash into their card; gives that back.

    Raises BadFile, WeightsError.
    """
    return save_styles(folder, check_weights(folder), spread_tensors(spread))


def read_spread(folder: Path, card: Card, label_count: int, code_length: int) -> StyleSpread:
    """The checked contents of a styles file. Raises WeightsError: missing, damaged or of other weights."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    styles_path = styles_file(folder, card)
    try:
        file_bytes = read_bytes(styles_path, limit=64 << 20)
    except BadFile as error:
        raise WeightsError(error.message, details=error.details) from error
    if hashlib.sha256(file_bytes).hexdigest() != card.styles_sha256.lower():
        raise WeightsError(
            '"{0}" is not the file that the card of "{1}" describes; measure styles again.',
            styles_path, card.name,
        )
    try:
        tensors = load(file_bytes)
        spread = StyleSpread(*(tensors[tensor_name].float().numpy() for tensor_name in PARTS))
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError('"{0}" is damaged; measure styles again.', styles_path, details=repr(error)) from error
    arrays = spread.mean, spread.spread, spread.own
    shapes, expected = [array.shape for array in arrays], (label_count, code_length)
    fits = shapes[0] == expected and all(len(shape) == 3 and shape[::2] == expected for shape in shapes[1:])
    if not (fits and all(np.isfinite(array).all() for array in arrays)):
        raise WeightsError(
            '"{0}" holds styles of shape {1}, "{2}" has {3}; measure styles again.',
            styles_path, shapes[0], card.name, expected,
        )
    return spread


class DrawnStyles:
    """Draws styles for weights in use; their file is read with the first one.

    Args:
        weights: as loaded. labels: how many. length: of a code.
    """

    def __init__(self, weights: Weights, label_count: int, code_length: int) -> None:
        self._card, self._folder, self._length = weights.card, weights.folder, code_length
        self._labels = label_count
        self._spread: StyleSpread | None = None

    def sample(self, label: int, seed: int) -> Array:
        """A style (length,) float32. Raises NotSupported (nothing was measured), WeightsError (a broken file)."""
        if self._spread is None:
            self._spread = self._read_file()
        return self._spread.sample(label, seed)

    def mean(self) -> Array | None:
        """The mean style of every label (L, length) float32, if the styles were measured and their file is whole."""
        try:
            self._spread = self._spread or self._read_file()
        except (NotSupported, WeightsError):
            return None
        return self._spread.mean

    def _read_file(self) -> StyleSpread:
        if not self._card.styles_sha256:
            raise NotSupported(
                '"{0}" does not know how styles vary, so none can be drawn; take styles from pictures.',
                self._card.name,
            )
        return read_spread(self._folder, self._card, self._labels, self._length)
