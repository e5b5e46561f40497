"""The box generator in small, as the article has it and with attention over words."""

from __future__ import annotations

from typing import Any

import torch

from engine.systems.examples import Examples, NeedsNumbers, NetworkExample, Size, Tiny, normal_numbers
from engine.systems.text_layout import task
from engine.systems.text_layout.network import PARAMETERS
from engine.systems.text_layout.sentences import Padded

STEPS, WORDS = 3, 5


def _inputs(config: Any, size: Size) -> list[Any]:
    """Sentences of different lengths."""
    words = torch.arange(WORDS).expand(size.batch, WORDS) % len(config.words) + 2
    ended = torch.arange(WORDS) < torch.arange(WORDS - size.batch + 1, WORDS + 1)[:, None]
    labels = torch.arange(size.batch * STEPS).reshape(size.batch, STEPS) % config.classes
    domains = torch.arange(size.batch) % len(config.domains)
    return [words * ended, domains, labels, normal_numbers(size.batch, STEPS, 4)]


def _shapes(config: Any, size: Size) -> list[tuple[int, ...]]:
    mixtures = (size.batch, STEPS, config.components, PARAMETERS)
    return [(size.batch, STEPS, config.classes + 1), mixtures, mixtures, (size.batch, len(config.domains))]


def _any_padded(captions: Any, boxes: Any, vocabulary: Any, config: Any, most_boxes: int, device: Any) -> Padded:
    batch = len(captions)
    return Padded(
        torch.ones(batch, WORDS, dtype=torch.int64, device=device),
        torch.zeros(batch, STEPS, dtype=torch.int64, device=device),
        torch.zeros(batch, STEPS, 4, device=device),
        torch.full((batch,), STEPS - 1, device=device),
    )


EXAMPLES = Examples(
    networks={
        "generator": NetworkExample(
            inputs=_inputs,
            shapes=_shapes,
            small={"classes": 4, "word_width": 6, "text_width": 8, "width": 8, "components": 3, "dropout": 0.0},
            variants={
                "": {"words": ["a", "car", "tree", "on", "left"], "domains": ["street", "faces"]},
                "attention": {"words": ["a", "car", "tree"], "domains": ["street", "faces"], "attention": True},
            },
        ),
    },
    tiny=Tiny(
        resolution=16,
        model={"word_width": 4, "text_width": 8, "width": 8, "components": 2},
        task={"rate": 0.01, "most_boxes": 4},
    ),
    recipe_millions={"small": (0.3, 10), "paper": (2, 40)},
    needs_numbers=(
        NeedsNumbers(task, "padded", _any_padded, "boxes come from left to right and as many as there are"),
        NeedsNumbers(
            task,
            "_sheet",
            lambda task, batch: torch.zeros(3, 8, 8, device=task.device),
            "a layout is drawn, box by box, until it ends",
        ),
    ),
)
