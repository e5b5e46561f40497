"""What the synthesis benchmark renders: networks, a portrait's label map drawn by code, and edits of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import BadRequest, Message
from engine.systems import all_systems, find_system
from engine.systems.base import Network, load_part
from engine.systems.bench import Bench
from engine.weights.card import Card
from engine.weights.networks import network_of
from engine.weights.store import list_weights, load_weights

Array = np.ndarray
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
    unevenness = 0.06 * np.sin(37 * y + 5 * np.sin(23 * x)) + 0.04 * np.sin(61 * x + 11 * y)
    label_map = np.zeros((height, width), np.uint8)
    for label, centre_y, centre_x, half_height, half_width in _FACE:
        label_map[((y - centre_y) / half_height) ** 2 + ((x - centre_x) / half_width) ** 2 < 1 + unevenness] = label
    return label_map


def stroke(label_map: Array, edit_number: int, label: int = HAIR) -> Array:
    """The map with a round mark of the brush, somewhere that depends on `edit_number`."""
    height, width = label_map.shape
    generator = np.random.default_rng(edit_number)
    centre_y, centre_x = generator.uniform(0.2, 0.8, 2) * (height, width)
    y, x = np.mgrid[:height, :width]
    radius = BRUSH / 2 * min(height, width) / 256
    return np.where((y - centre_y) ** 2 + (x - centre_x) ** 2 <= radius**2, label, label_map).astype(np.uint8)


@dataclass(frozen=True)
class Case:
    """A network and what it paints.

    name: of a published size ("published") or of weights.
    bench: how its system paints.
    config: of the network; it has labels and stride.
    build: makes the generator, in eval mode.
    codes: styles of one picture, see `Bench.code_shape`.
    size: (height, width) of the label map.
    """

    name: str
    bench: Bench
    config: Any
    build: Callable[[], Any]
    codes: Tensor
    size: tuple[int, int]

    @property
    def label_map(self) -> Array:
        """The map before any edit: the portrait, its ids folded into those that the network knows."""
        return (face(*self.size) % self.config.labels).astype(np.uint8)

    @property
    def edits(self) -> tuple[str, ...]:
        """Those that mean something: without styles there is no change of style."""
        return EDITS if self.codes.numel() else EDITS[:2]

    def edit(self, edit_kind: str, edit_number: int) -> tuple[Array, Tensor]:
        """Label map and codes after the `edit_number`-th edit of that kind."""
        label = HAIR % self.config.labels
        if edit_kind == "brush":
            return stroke(self.label_map, edit_number, label), self.codes
        codes = self.codes.clone()
        if edit_kind == "style":
            style_count = self.config.labels if codes.dim() > 1 else 1
            label_code = codes.view(style_count, -1)[label % style_count]
            code_noise = torch.randn(len(label_code), generator=torch.Generator().manual_seed(edit_number))
            label_code += code_noise * codes.std().clamp(min=0.1)
        return self.label_map, codes


def settle(network: nn.Module) -> None:
    """Give every parameter and statistic a value of a trained network's size, so that differences mean something."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 1
            parameter.normal_(0, fan_in**-0.5 if fan_in > 1 else 0.2, generator=generator)
        for buffer_name, buffer in network.named_buffers():
            if buffer_name.endswith("running_mean"):
                buffer.normal_(0, 0.3, generator=generator)
            elif buffer_name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5, generator=generator)


def made_up(name: str, bench: Bench, network: Network, config: Any) -> Case:
    """A case with random weights and styles."""

    def build() -> Any:
        with torch.device("meta"):
            generator = network.build(config)
        generator = generator.to_empty(device="cpu").eval()
        settle(generator)
        return generator

    return Case(name, bench, config, build, drawn_codes(bench, config), bench.trained_size(config))


def drawn_codes(bench: Bench, config: Any) -> Tensor:
    """Styles of one picture, standard normal, always the same."""
    return torch.randn(bench.code_shape(config), generator=torch.Generator().manual_seed(1))


def published_cases() -> dict[str, Callable[[], Case]]:
    """The published sizes of all systems, with random weights, by name; a case is made when it is called."""
    return {
        case_name: partial(made_up, case_name, load_part(system.bench), system.network, config)
        for system in all_systems()
        if system.bench
        for case_name, config in load_part(system.bench).published.items()
    }


def no_fast_path(card: Card) -> str:
    """Why weights cannot be measured, as a part of a sentence; "" if they can."""
    card_system = find_system(card.system)
    if card_system is None or not card_system.bench:
        return Message("{0} has no fast painter", card.system)
    reason: str = load_part(card_system.bench).no_fast_path(card.config_of(card_system.main))
    return reason


def shipped(weights_name: str) -> Case:
    """Weights that are installed, with their own mean style, or styles drawn where they have none.

    Raises:
        BadRequest: there is no fast painter for them.
        WeightsError: their tensors do not fit their card.
    """
    weights = load_weights(weights_name)
    reason, system = no_fast_path(weights.card), find_system(weights.card.system)
    if reason or system is None:
        able_systems = ", ".join(system.id for system in all_systems() if system.bench)
        raise BadRequest(
            '"{0}" cannot be measured: {1}; bench synthesis takes {2}.', weights_name, reason, able_systems
        )
    bench: Bench = load_part(system.bench)
    config = network_of(weights).config
    codes, mean_style = drawn_codes(bench, config), bench.mean(weights.state)
    codes = codes if mean_style is None else mean_style.reshape(codes.shape)
    return Case(weights_name, bench, config, lambda: network_of(weights).eval(), codes, bench.trained_size(config))


def at_size(case: Case, side: int | None) -> Case:
    """The case with a label map of another size; its own if None. Raises BadRequest if the network takes none such."""
    if side is None:
        return case
    if side % case.config.stride or side < case.config.stride:
        raise BadRequest('"{0}" paints sides that are multiples of {1}, not {2}.', case.name, case.config.stride, side)
    if (side, side) != case.size and not case.bench.any_size(case.config):
        raise BadRequest('"{0}" has a style vector and paints its trained size only, not {1}.', case.name, side)
    return replace(case, size=(side, side))


def all_names() -> tuple[list[str], list[str]]:
    """The names of all cases, published sizes first, and one line for each of the weights that are none."""
    case_names, skipped_notes = list(published_cases()), []
    for entry in list_weights():
        reason = entry.problem if entry.card is None else no_fast_path(entry.card)
        if not reason:
            case_names.append(entry.name)
        else:
            skipped_notes.append(f'"{entry.name}" is skipped: {reason}')
    return case_names, skipped_notes


def find_case(case_name: str) -> Case:
    """The case of that name. Raises BadRequest or BadFile naming what there is."""
    published_sizes = published_cases()
    return published_sizes[case_name]() if case_name in published_sizes else shipped(case_name)
