"""Styles to style codes: what all painters do alike when they read a request.

Sampled styles are drawn here too, from nothing but (label, seed), and the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.errors import BadFile, BadRequest, MissingStyle, NotSupported
from engine.labels.label_sets import LabelSet
from engine.labels.pieces import label_of
from engine.painting.painter import Array, Encode
from engine.requests.render import RenderRequest
from engine.requests.style_pictures import require_region
from engine.requests.styles import MEAN, BlockStyle, ColourStyle, ImageStyle, MeanStyle, MixStyle, SampleStyle, Style


@dataclass(frozen=True)
class StyleSource:
    """Where the codes of one painter's styles come from.

    weights: their name, for sentences. label_set: of the weights.
    mean: (E, L, D) the mean style, E encoders (1 but in SEAN's ablations).
    sample: (label, seed) -> (E * D,) a drawn style; may raise NotSupported.
    blocks: how many blocks can have a style of their own; 0 where styles cannot cross over.
    identity: of the weights (`Card.identity`): codes that others made are not taken.
    """

    weights: str
    label_set: LabelSet
    mean: Tensor
    sample: Callable[[int, int], Array]
    blocks: int = 0
    identity: str = ""

    def codes(self, request: RenderRequest, encode: Encode) -> Tensor:
        """The request's styles as codes (K, L + P, D) on the CPU, of the labels and then of the request's P pieces.

        K = E, or the number of blocks where styles cross over.

        Raises MissingStyle, BadRequest, NotSupported.
        """
        codes = [
            self.code(style, label_of(region, request.pieces), encode)
            for region, style in self._styles(request).items()
        ]
        row_count = max(map(len, codes))
        return torch.stack([code.expand(row_count, -1) for code in codes], dim=1)

    def _styles(self, request: RenderRequest) -> dict[int, Style]:
        """The style of each label and piece. Pictures are read for regions that the map shows: for others the mean
        stands in, so that a missing file stops only what needs it."""
        labels = range(self.mean.shape[1])
        styles = {region: request.style(region) for region in (*labels, *sorted(request.pieces))}
        from_files = {region for region, style in styles.items() if self._reads_picture(style)}
        if from_files:
            for region in from_files.difference(request.shown_regions()):
                styles[region] = MEAN
        return styles

    def _reads_picture(self, style: Style) -> bool:
        """Whether a style, or one that it is made of, comes without a code of these weights."""
        if isinstance(style, ImageStyle):
            return self._own_code(style) is None
        if isinstance(style, MixStyle):
            return self._reads_picture(style.a) or self._reads_picture(style.b)
        return isinstance(style, BlockStyle) and any(map(self._reads_picture, style.blocks))

    def _own_code(self, style: ImageStyle) -> Array | None:
        """The code (E * D,) that the style carries, if these weights may have made it."""
        code = style.code_array()
        right_size = code is not None and code.size == self.mean.shape[0] * self.mean.shape[2]
        return code if right_size and not style.foreign(self.identity) else None

    def code(self, style: Style, label: int, encode: Encode) -> Tensor:
        """A style as that of a label: (K, D), K = E or the number of blocks."""
        if isinstance(style, ImageStyle):
            return self._image_code(style, encode)
        if isinstance(style, SampleStyle):
            return self._per_encoder(self.sample(label, style.seed))
        if isinstance(style, MixStyle):
            first_code, second_code = self.code(style.a, label, encode), self.code(style.b, label, encode)
            row_count = max(len(first_code), len(second_code))
            return torch.lerp(first_code.expand(row_count, -1), second_code.expand(row_count, -1), style.amount)
        if isinstance(style, BlockStyle):
            return self._cross_over(style, label, encode)
        if isinstance(style, ColourStyle):
            raise TypeError("a colour has no code of its own; engine.requests.colour_codes makes one")
        return self.mean[:, label]

    def _cross_over(self, style: BlockStyle, label: int, encode: Encode) -> Tensor:
        encoders = self.mean.shape[0]
        if not self.blocks:
            raise NotSupported('The blocks of "{0}" take one style; it cannot cross styles over.', self.weights)
        if encoders not in (1, self.blocks):
            raise NotSupported(
                '"{0}" has an encoder per normalisation layer; it cannot cross styles over.', self.weights
            )
        if (given_blocks := len(style.blocks)) != self.blocks:
            raise BadRequest(
                '"{0}" crosses styles over in {1} blocks; the request gives {2}.',
                self.weights, self.blocks, given_blocks,
            )
        block_codes = [self.code(block_style, label, encode) for block_style in style.blocks]
        return torch.stack([code[index if len(code) > 1 else 0] for index, code in enumerate(block_codes)])

    def _per_encoder(self, flat_code: Array) -> Tensor:
        return torch.from_numpy(np.array(flat_code, np.float32)).view(self.mean.shape[0], self.mean.shape[2])

    def _image_code(self, style: ImageStyle, encode: Encode) -> Tensor:
        own_code = self._own_code(style)
        if own_code is not None:
            return self._per_encoder(own_code)
        try:
            codes, present = encode(style)
        except BadFile as error:
            if style.code is None:
                raise
            raise MissingStyle(
                'The style from "{0}" was made by other weights than "{1}", and its picture cannot be read any more; '
                "put the picture back there, or choose another style.",
                style.path, self.weights, details=str(error),
            ) from error
        require_region(style.path, style.label, present, self.label_set)
        return self._per_encoder(codes[style.label])


def needs_mean(style: Style) -> bool:
    """Whether a style is, or is made with, the weights' mean style."""
    if isinstance(style, MixStyle):
        return needs_mean(style.a) or needs_mean(style.b)
    if isinstance(style, BlockStyle):
        return any(needs_mean(block_style) for block_style in style.blocks)
    return isinstance(style, MeanStyle)


def drawn(label: int, seed: int, length: int) -> Array:
    """Standard normal numbers (length,) float32 that follow from (label, seed) alone.

    Philox counts, whose output numpy guarantees, through Box and Muller's transform in float64: the same numbers with
    every version and on every processor (but for the last bit of a logarithm, which float32 rounds away).
    """
    pair_count = (length + 1) // 2
    random_words = np.random.Philox(key=(seed << 8) | label).random_raw(2 * pair_count)
    uniform = ((random_words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53  # (0, 1), 53 bits
    radii, angles = np.sqrt(-2 * np.log(uniform[:pair_count])), 2 * np.pi * uniform[pair_count:]
    return np.concatenate([radii * np.cos(angles), radii * np.sin(angles)])[:length].astype(np.float32)
