"""What the synthesis benchmark renders: networks, a portrait's label map drawn by code, and edits of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from engine.checkpoints.store import list_weights, load_weights
from engine.errors import BadRequest
from engine.models.sean import MEAN_STYLE, SEANConfig, SEANGenerator

Array = np.ndarray

PUBLISHED = "published"
EDITS = ("redraw", "brush", "style")
BRUSH = 40  # diameter of a stroke, in pixels of a 256 x 256 map
HAIR = 13

# The 19 face labels' ids and ellipses: (id, centre y, centre x, half height, half width), in units of the side.
_FACE = (
    (18, 1.05, 0.50, 0.30, 0.45),
    (17, 0.80, 0.50, 0.20, 0.12),
    (13, 0.42, 0.50, 0.42, 0.36),
    (1, 0.50, 0.50, 0.33, 0.25),
    (8, 0.52, 0.24, 0.07, 0.03),
    (9, 0.52, 0.76, 0.07, 0.03),
    (15, 0.61, 0.24, 0.02, 0.012),
    (4, 0.45, 0.40, 0.025, 0.05),
    (5, 0.45, 0.60, 0.025, 0.05),
    (6, 0.39, 0.40, 0.015, 0.06),
    (7, 0.39, 0.60, 0.015, 0.06),
    (2, 0.56, 0.50, 0.08, 0.04),
    (11, 0.68, 0.50, 0.02, 0.08),
    (12, 0.71, 0.50, 0.02, 0.07),
    (10, 0.695, 0.50, 0.010, 0.06),
    (13, 0.15, 0.45, 0.10, 0.20),
)


def face(height: int, width: int) -> Array:
    """(H, W) uint8 label map of a portrait, edges as uneven as a hand draws them."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    y, x = y / height, x / width
    wobble = 0.06 * np.sin(37 * y + 5 * np.sin(23 * x)) + 0.04 * np.sin(61 * x + 11 * y)
    label_map = np.zeros((height, width), np.uint8)
    for label, cy, cx, ry, rx in _FACE:
        label_map[((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1 + wobble] = label
    return label_map


def stroke(label_map: Array, number: int, label: int = HAIR) -> Array:
    """The map with a round mark of the brush, somewhere that depends on `number`."""
    height, width = label_map.shape
    rng = np.random.default_rng(number)
    cy, cx = rng.uniform(0.2, 0.8, 2) * (height, width)
    y, x = np.mgrid[:height, :width]
    radius = BRUSH / 2 * min(height, width) / 256
    return np.where((y - cy) ** 2 + (x - cx) ** 2 <= radius**2, label, label_map).astype(np.uint8)


@dataclass(frozen=True)
class Case:
    """A network and what it paints.

    name: "published" or the name of weights.
    build: makes the generator, in eval mode.
    codes: (1, L, D).
    """

    name: str
    config: SEANConfig
    build: Callable[[], SEANGenerator]
    codes: Tensor

    @property
    def label_map(self) -> Array:
        """The map before any edit; ids that the network does not know become 0."""
        drawn = face(self.config.resolution, self.config.resolution)
        return np.where(drawn < self.config.labels, drawn, 0).astype(np.uint8)

    def edit(self, kind: str, number: int) -> tuple[Array, Tensor]:
        """Label map and codes (1, L, D) after the `number`-th edit of that kind."""
        if kind == "brush":
            return stroke(self.label_map, number, min(HAIR, self.config.labels - 1)), self.codes
        codes = self.codes.clone()
        if kind == "style":
            label = min(HAIR, self.config.labels - 1)
            drawn = torch.randn(codes.shape[-1], generator=torch.Generator().manual_seed(number))
            codes[0, label] += drawn * codes.std().clamp(min=0.1)
        return self.label_map, codes


def settle(module: nn.Module, seed: int = 0) -> None:
    """Give every parameter and statistic a value of a trained network's size, so that differences mean something."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            fan = parameter[0].numel() if parameter.dim() > 1 else 1
            parameter.normal_(0, fan**-0.5 if fan > 1 else 0.2, generator=draw)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(0, 0.3, generator=draw)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5, generator=draw)


def published() -> Case:
    """The authors' CelebAMask-HQ network, 256 x 256, ngf 64, 19 labels, with random weights."""
    config = SEANConfig.published()

    def build() -> SEANGenerator:
        with torch.device("meta"):
            generator = SEANGenerator(config)
        generator = generator.to_empty(device="cpu").eval()
        settle(generator)
        return generator

    draw = torch.Generator().manual_seed(1)
    return Case(PUBLISHED, config, build, torch.randn(1, config.labels, config.style_width, generator=draw))


def shipped(name: str) -> Case:
    """SEAN weights that are installed, with the first encoder's mean style."""
    weights = load_weights(name)
    if weights.card.system != "sean":
        raise BadRequest(f'"{name}" does not paint; bench synthesis takes weights of system "sean".')
    config = msgspec.convert(weights.card.config, SEANConfig)
    state = dict(weights.state)
    mean = state.pop(MEAN_STYLE, torch.zeros(1, config.labels, config.style_width)).float()

    def build() -> SEANGenerator:
        generator = SEANGenerator(config).eval()
        generator.load_state_dict(state)
        return generator

    return Case(name, config, build, mean.reshape(-1, config.labels, config.style_width)[:1])


def at_size(case: Case, resolution: int) -> Case:
    """The case at another size of picture."""
    config = replace(case.config, resolution=resolution)
    return Case(f"{case.name} at {resolution}", config, case.build, case.codes)


def all_cases() -> Iterator[Case]:
    """The published size, then each installed SEAN."""
    yield published()
    for entry in list_weights():
        if entry.card is not None and entry.card.system == "sean":
            yield shipped(entry.name)


def find_case(name: str) -> Case:
    """The case of that name. Raises BadRequest or BadFile naming what there is."""
    return published() if name == PUBLISHED else shipped(name)
