"""One SEAN in use: its networks, its mean style, and styles turned into what the generator takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.checkpoints.store import Weights
from engine.errors import BadRequest, MissingStyle, NotSupported, WeightsError
from engine.fast.sean import FastSEAN
from engine.images import resize_image
from engine.label_sets import LabelSet
from engine.labels import check_label_map, resize_label_map
from engine.models.sean import MEAN_STYLE, SEANConfig, SEANGenerator, mix_codes
from engine.nn.blocks import channels_last, one_hot, seeded_noise
from engine.request import BlockStyle, ImageStyle, MeanStyle, MixStyle, RenderRequest, Style

Array = np.ndarray
Encode = Callable[[ImageStyle], tuple[Array, Array]]
"""(an image style without a code) -> codes (L, E * D), present (L,) of its picture."""


@dataclass(frozen=True)
class StyleCodes:
    """codes (L, E * D) float32, zero where absent; present (L,) bool. E is 1 in the unified network."""

    codes: Array
    present: Array


class SEANPainter:
    """Weights of system "sean", ready to encode and to paint.

    Args:
        weights: as read from their folder.
        device: where to compute.

    Raises:
        WeightsError: the tensors do not fit the card's config, or there is no label set.
    """

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        label_set = weights.card.labels()
        if label_set is None:
            raise WeightsError(f'The card of "{self.card.name}" has no label set; get the weights again.')
        self.label_set: LabelSet = label_set
        state = dict(weights.state)
        try:
            self.config = msgspec.convert(self.card.config, SEANConfig)
            generator = SEANGenerator(self.config)
            shape = (len(generator.encoders), self.config.labels, self.config.style_width)
            self.has_mean = MEAN_STYLE in state
            self.mean = state.pop(MEAN_STYLE, torch.zeros(shape)).float().reshape(shape)
            generator.load_state_dict(state)
        except (msgspec.ValidationError, ValueError, RuntimeError) as error:
            raise WeightsError(
                f'The tensors of "{self.card.name}" do not fit its card; get the weights again.',
                details=str(error),
            ) from error
        if self.config.labels != len(label_set):
            raise WeightsError(
                f'"{self.card.name}" paints {self.config.labels} labels, its card names {len(label_set)}; '
                "get the weights again."
            )
        self.generator = channels_last(generator, device).eval()
        self._renderers: dict[str, FastSEAN] = {}

    # ------------------------------------------------------------------ sizes

    def painted_size(self, height: int, width: int) -> tuple[int, int]:
        """The size at which a label map is painted: its own where the network takes it, else the nearest that fits.

        A map whose sides are multiples of the network's stride and no longer than its resolution is painted as
        it is. Others are scaled so that the longer side is the resolution.
        """
        stride, resolution = self.config.stride, self.config.resolution
        if height % stride == 0 and width % stride == 0 and max(height, width) <= resolution:
            return height, width
        scale = resolution / max(height, width)
        return tuple(max(stride, round(side * scale / stride) * stride) for side in (height, width))  # type: ignore[return-value]

    # ------------------------------------------------------------------ styles

    def encode(self, pixels: Array, label_map: Array) -> StyleCodes:
        """Style codes of a picture's regions.

        Args:
            pixels: (H, W, 3) uint8.
            label_map: (h, w) label ids of the same picture, any size.

        Raises:
            BadLabelMap: it holds ids that the weights do not know.
        """
        check_label_map(label_map, self.label_set, "the label map of the style picture")
        stride, resolution = self.config.stride, self.config.resolution
        scale = resolution / max(pixels.shape[:2])
        height, width = (max(stride, round(side * scale / stride) * stride) for side in pixels.shape[:2])
        small = resize_image(pixels, height, width).copy()
        image = torch.from_numpy(small).permute(2, 0, 1)[None].float().div(127.5).sub(1)
        hot = self._hot(resize_label_map(label_map, height, width))
        with torch.inference_mode():
            codes, present = self.generator.encode(
                image.to(device=self.device, memory_format=torch.channels_last), hot
            )
        flat = codes[0].permute(1, 0, 2).flatten(1)  # (L, E * D)
        return StyleCodes(flat.float().cpu().numpy(), present[0].cpu().numpy())

    def codes_for(self, request: RenderRequest, encode: Encode) -> Tensor:
        """The request's styles as codes (K, L, D) on the CPU, K = encoders, or blocks where styles cross over."""
        per_label = []
        for label in range(self.config.labels):
            per_label.append(self._resolve(request.style(label), label, encode))
        rows = max(len(code) for code in per_label)
        return torch.stack([code.expand(rows, -1) for code in per_label], dim=1)

    def _resolve(self, style: Style, label: int, encode: Encode) -> Tensor:
        """One label's style as (K, D), K = 1 (or the number of encoders) or the number of styled blocks."""
        encoders = self.mean.shape[0]
        if isinstance(style, ImageStyle):
            return self._image_code(style, encode)
        if isinstance(style, MixStyle):
            a, b = self._resolve(style.a, label, encode), self._resolve(style.b, label, encode)
            rows = max(len(a), len(b))
            return mix_codes(a.expand(rows, -1), b.expand(rows, -1), style.amount)
        if isinstance(style, BlockStyle):
            blocks = self.generator.styled_blocks
            if encoders not in (1, blocks):
                raise NotSupported(
                    f'"{self.card.name}" has an encoder per SEAN block; it cannot cross styles over.'
                )
            if len(style.blocks) != blocks:
                raise BadRequest(
                    f'"{self.card.name}" crosses styles over in {blocks} blocks; the request gives {len(style.blocks)}.'
                )
            parts = [self._resolve(part, label, encode) for part in style.blocks]
            return torch.stack([part[n if len(part) > 1 else 0] for n, part in enumerate(parts)])
        return self.mean[:, label]

    def _image_code(self, style: ImageStyle, encode: Encode) -> Tensor:
        shape = (self.mean.shape[0], self.config.style_width)
        code = style.code_array()
        if code is not None:
            if code.size != shape[0] * shape[1]:
                raise MissingStyle(
                    f'The style from "{style.path}" was made with other weights than "{self.card.name}"; '
                    "drop the picture again."
                )
            return torch.from_numpy(code).view(shape)
        codes, present = encode(style)
        if style.label >= len(present) or not present[style.label]:
            has = ", ".join(self.label_set[int(i)].name for i in np.flatnonzero(present))
            name = self.label_set[style.label].name if style.label < len(self.label_set) else str(style.label)
            raise MissingStyle(
                f'"{style.path}" has no region "{name}" to take a style from; its regions are {has}.'
            )
        return torch.from_numpy(codes[style.label].copy()).view(shape)

    # ------------------------------------------------------------------ painting

    def paint(
        self, request: RenderRequest, codes: Tensor, on_block: Callable[[int, int], None]
    ) -> tuple[Array, tuple[str, ...]]:
        """The request's picture, (H, W, 3) uint8 at the label map's size, and what a user should know about it.

        Same request, same bytes on the CPU: noise is drawn from the seed, layer by layer.
        """
        label_map = request.label_map.array()
        check_label_map(label_map, self.label_set, "the label map")
        height, width = label_map.shape
        size = self.painted_size(height, width)
        ids = resize_label_map(label_map, *size)
        image = self._fast(request.precision).render(ids, codes, seeded_noise(request.seed, self.device), on_block)
        image = ((image.float() + 1) * 127.5).round_().clamp_(0, 255)
        pixels = image.byte().permute(1, 2, 0).cpu().numpy()
        notes: tuple[str, ...] = ()
        if not self.has_mean and any(_needs_mean(request.style(int(label))) for label in np.unique(ids)):
            notes = ("These weights come without a mean style; give each region a style.",)
        if size != (height, width):
            notes = (*notes, f"Painted at {size[1]} x {size[0]} and scaled to {width} x {height}.")
            pixels = resize_image(np.ascontiguousarray(pixels), height, width)
        return np.ascontiguousarray(pixels), notes

    def _fast(self, precision: Literal["float32", "bfloat16"]) -> FastSEAN:
        """The exact fast renderer of that precision; what it keeps between pictures belongs to it."""
        if precision not in self._renderers:
            self._renderers[precision] = FastSEAN(self.generator, precision=precision)
        return self._renderers[precision]

    def _hot(self, label_map: Array) -> Tensor:
        ids = torch.from_numpy(label_map.astype(np.int64))[None].to(self.device)
        return one_hot(ids, self.config.labels).contiguous(memory_format=torch.channels_last)


def _needs_mean(style: Style) -> bool:
    """Whether a style is, or is made with, the weights' mean style."""
    if isinstance(style, MixStyle):
        return _needs_mean(style.a) or _needs_mean(style.b)
    if isinstance(style, BlockStyle):
        return any(_needs_mean(part) for part in style.blocks)
    return isinstance(style, MeanStyle)
