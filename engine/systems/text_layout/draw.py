"""Ancestral sampling: the label of a step out of its softmax, a point out of its mixture, from numbers that are given.

All randomness comes in as numbers drawn beforehand on the CPU, so that a seed gives the same layout on every device.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from engine.systems.text_layout.network import BoxGenerator, BoxGeneratorConfig, mixture_of
from engine.systems.text_layout.sentences import corners_of


def drawn_label(logits: Tensor, chance: float, temperature: float, allowed: Tensor) -> int:
    """The label (or "stop") that a number in 0..1 falls on; at temperature 0 the likeliest.

    logits: (classes + 1,). allowed: (classes + 1,) bool, those that may come.
    """
    masked = logits.float().masked_fill(~allowed, -torch.inf)
    if temperature == 0:
        return int(masked.argmax())
    return _fallen_on((masked / temperature).softmax(dim=0), chance)


def drawn_point(raw: Tensor, chance: float, normal: Tensor, temperature: float) -> Tensor:
    """A point (2,) out of a mixture (K, 6).

    chance: 0..1, which Gaussian. normal: (2,) standard normal numbers. temperature: as in Ha and Eck 2018 (section
    3.3), weights are sharpened and variances multiplied by it; 0 is the mean of the heaviest Gaussian.
    """
    mixture = mixture_of(raw)
    if temperature == 0:
        return mixture.means[int(mixture.log_weights.argmax())]
    number = _fallen_on((mixture.log_weights / temperature).softmax(dim=0), chance)
    correlation = mixture.correlations[number]
    second = correlation * normal[0] + (1 - correlation**2).sqrt() * normal[1]
    point: Tensor = mixture.means[number] + mixture.deviations[number] * temperature**0.5 * torch.stack(
        [normal[0], second]
    )
    return point


def _fallen_on(shares: Tensor, chance: float) -> int:
    """The first place at which the running sum of the shares is above `chance`; the last that has a share at 1."""
    reached = int((shares.double().cumsum(dim=0) <= chance).sum())
    return min(reached, int(shares.nonzero().max()))


class DrawnBox(NamedTuple):
    """The number of its label, and left, top, right, bottom as shares of the picture's sides."""

    label: int
    corners: tuple[float, float, float, float]


@torch.no_grad()
def drawn_boxes(
    generator: BoxGenerator, words: list[int], domain: int | None, seed: int, temperature: float, most_boxes: int
) -> tuple[list[DrawnBox], int]:
    """A layout of a sentence, one box after the other until "stop" (or `most_boxes`), and the number of its domain.

    words: their numbers. domain: guessed from the sentence where it is None; labels of other domains do not come.
    """
    device = generator.label.weight.device
    chances = torch.Generator().manual_seed(seed)
    sentence = torch.tensor([words], device=device)
    text, guesses = generator.encode(sentence, None if domain is None else torch.tensor([domain], device=device))
    domain = int(guesses[0].argmax()) if domain is None else domain
    allowed = _allowed(generator.config, domain, device)
    label, box, memory = generator.config.stop, torch.zeros(1, 1, 4, device=device), None
    boxes: list[DrawnBox] = []
    while len(boxes) < most_boxes:
        uniform, normal = torch.rand(3, generator=chances).tolist(), torch.randn(4, generator=chances).to(device)
        states, memory = generator.decode(text, torch.tensor([[label]], device=device), box, memory)
        label = drawn_label(generator.label_head(states)[0, 0], uniform[0], temperature, allowed)
        if label == generator.config.stop:
            break
        number = torch.tensor([[label]], device=device)
        centre = drawn_point(generator.positions(states, number)[0, 0], uniform[1], normal[:2], temperature)
        mixture = generator.sizes(states, number, centre[None, None])[0, 0]
        size = drawn_point(mixture, uniform[2], normal[2:], temperature)
        boxes.append(DrawnBox(label, corners_of(centre.tolist(), size.tolist())))
        box = torch.cat([centre, size])[None, None]
    return boxes, domain


def _allowed(config: BoxGeneratorConfig, domain: int, device: torch.device) -> Tensor:
    """(classes + 1,) bool: the labels of a domain, and "stop"."""
    numbers = config.domain_classes[domain] if config.domain_classes else range(config.classes)
    allowed = torch.zeros(config.classes + 1, dtype=torch.bool, device=device)
    allowed[[*numbers, config.stop]] = True
    return allowed
