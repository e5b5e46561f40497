"""The box generator in training.

Section 4.1: the negative log-likelihoods of labels and boxes, each averaged over the boxes of a picture, weighted 4 and
1. Ours: the domain is guessed beside them, words are dropped now and then so that unknown ones mean something, Adam
with a rate that falls (the article gives no optimiser).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from msgspec import Meta
from torch import Tensor

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.pictures.layouts import draw_layout
from engine.pictures.montage import grid
from engine.requests.layout import SHARP
from engine.systems.text_layout.draw import drawn_boxes
from engine.systems.text_layout.label_scores import LabelScores
from engine.systems.text_layout.network import UNKNOWN, BoxGenerator, BoxGeneratorConfig, Predicted, log_likelihood
from engine.systems.text_layout.sentences import Padded, Vocabulary, padded
from engine.training.recipe import Count, Share
from engine.training.task import Export, Losses, plain_config

BATCH = 64
"""Layouts of the validation split that are looked at at once."""
MOST_DRAWN = 200
"""Layouts of it that are drawn, to see which labels come."""
SHEET_SIDE, SHEET_COLUMNS = 256, 4


@dataclass(frozen=True)
class LayoutTaskConfig:
    """How a box generator is trained.

    rate: of Adam. decay_from: share of the run from which it falls, linearly, to 0. most_boxes: of a picture, the
    largest. label_weight, box_weight, domain_weight: of the losses. word_dropout: share of words that are hidden.
    """

    before: ClassVar[dict[str, Any]] = {}
    rate: float = 1e-3
    decay_from: Share = 0.5
    most_boxes: Count = 24
    label_weight: float = 4.0
    box_weight: float = 1.0
    domain_weight: float = 0.2
    word_dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.05


class LayoutTask:
    """One box generator."""

    notes: tuple[str, ...] = ()

    def __init__(
        self,
        model: BoxGeneratorConfig,
        config: LayoutTaskConfig,
        steps: int,
        device: torch.device,
        dataset: DataSet,
    ) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        self.vocabulary = Vocabulary(model)
        self.generator = BoxGenerator(model).to(device)
        self.modules: dict[str, torch.nn.Module] = {"generator": self.generator}
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "generator": torch.optim.Adam(self.generator.parameters(), config.rate)
        }

    def facts(self) -> dict[str, Any]:
        """The configs."""
        return {"model": plain_config(self.model), "task": plain_config(self.config)}

    def averaged(self) -> BoxGenerator:
        """The network for use: itself, nothing is averaged."""
        return self.generator

    # ------------------------------------------------------------------ training

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update of the generator."""
        self.generator.train()
        layout = self._padded(batch)
        hidden = torch.rand(layout.words.shape, device=self.device) < self.config.word_dropout
        words = layout.words.masked_fill(hidden & (layout.words > 0), UNKNOWN)
        predicted = self.generator(words, batch.domains, layout.labels, layout.boxes)
        label, position, size = negative_log_likelihoods(predicted, layout)
        yield "generator", {
            "label": self.config.label_weight * label.mean(),
            "position": self.config.box_weight * position.mean(),
            "size": self.config.box_weight * size.mean(),
            "domain": self.config.domain_weight * F.cross_entropy(predicted.domains, batch.domains),
        }

    def after_step(self, step: int) -> None:
        """The rate of the next step."""
        first = self.config.decay_from * self.steps
        falling = max(1.0, self.steps - first)
        rate = self.config.rate * min(1.0, max(0.0, (self.steps - step - 1) / falling))
        for group in self.optimizers["generator"].param_groups:
            group["lr"] = rate if step + 1 > first else self.config.rate

    def _padded(self, batch: Batch) -> Padded:
        return padded(batch.captions, batch.boxes, self.vocabulary, self.model, self.config.most_boxes, self.device)

    # ------------------------------------------------------------------ results

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        """Sentences, each over a layout that was drawn for it."""
        self.generator.eval()
        return _sheet(self, batch).to(self.device)

    @torch.no_grad()
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """Log-likelihoods in nats: of a label (or "stop"), of a box in shares; micro F1 of the labels that are drawn.

        score: the negative weighted loss.
        """
        self.generator.eval()
        sums, scores = np.zeros(2), LabelScores()
        for first in range(0, len(dataset), BATCH):
            batch = dataset.batch(np.arange(first, min(first + BATCH, len(dataset)))).to(self.device)
            layout = self._padded(batch)
            predicted = self.generator(layout.words, batch.domains, layout.labels, layout.boxes)
            sums += nats_of(predicted, layout)
            for row in range(len(batch)):
                if first + row < MOST_DRAWN:
                    words = self.vocabulary.numbers_of(batch.captions[row])
                    boxes, _ = drawn_boxes(
                        self.generator, words, int(batch.domains[row]), 0, 0.0, self.config.most_boxes
                    )
                    scores.add({box.label for box in boxes}, set(batch.boxes[row][:, 4].int().tolist()))
        label_nats, box_nats = (sums / len(dataset)).tolist()
        score = -self.config.label_weight * label_nats - self.config.box_weight * box_nats
        return {"label_nats": label_nats, "box_nats": box_nats, "label_f1": scores.f1(), "score": score}

    def state_dict(self) -> dict[str, Any]:
        """Nothing besides the network and its optimiser."""
        return {}

    def load_state_dict(self, task_state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""

    def export(self) -> Export:
        """The network."""
        return Export(asdict(self.model), self.generator.state_dict())

    def start_from(self, exported_state: dict[str, Tensor], kept_modules: Collection[str] = ()) -> list[str]:
        """Take over tensors of equal shape."""
        own_state = self.generator.state_dict()
        fitting = {
            name: tensor
            for name, tensor in exported_state.items()
            if name in own_state and own_state[name].shape == tensor.shape
        }
        if "generator" not in kept_modules:
            self.generator.load_state_dict(own_state | fitting)
        return [name for name in own_state if name not in fitting]


def negative_log_likelihoods(predicted: Predicted, layout: Padded) -> tuple[Tensor, Tensor, Tensor]:
    """Of labels ("stop" among them), positions and sizes (their logarithms), in nats: (B,) each, averaged over the
    steps of a picture."""
    places = torch.arange(layout.labels.shape[1], device=layout.labels.device)
    is_step, is_box = places <= layout.counts[:, None], places < layout.counts[:, None]
    label = F.cross_entropy(predicted.labels.float().transpose(1, 2), layout.labels, reduction="none")
    position = -log_likelihood(predicted.positions, layout.boxes[..., :2])
    size = -log_likelihood(predicted.sizes, layout.boxes[..., 2:])
    box_counts = layout.counts.clamp(min=1)
    return (
        (label * is_step).sum(dim=1) / (layout.counts + 1),
        (position * is_box).sum(dim=1) / box_counts,
        (size * is_box).sum(dim=1) / box_counts,
    )


def nats_of(predicted: Predicted, layout: Padded) -> tuple[float, float]:
    """Nats per label (or "stop") and per box, in shares of the sides, each summed over the pictures of a batch."""
    label, position, size = negative_log_likelihoods(predicted, layout)
    # mean logarithms of the areas of boxes make a density of logarithms one of shares
    log_areas = layout.boxes[..., 2:].sum(dim=(1, 2)) / layout.counts.clamp(min=1)
    return float(label.sum()), float((position + size + log_areas).sum())


def _sheet(task: LayoutTask, batch: Batch) -> Tensor:
    """(3, H, W) in [-1, 1]."""
    pictures = []
    for row, caption in enumerate(batch.captions):
        words, domain = task.vocabulary.numbers_of(caption), int(batch.domains[row])
        boxes, _ = drawn_boxes(task.generator, words, domain, row, SHARP, task.config.most_boxes)
        names = task.model.class_names
        pictures.append(draw_layout([(names[box.label], box.corners) for box in boxes], SHEET_SIDE, caption))
    height = max(len(picture) for picture in pictures)
    even = [np.pad(picture, ((0, height - len(picture)), (0, 0), (0, 0)), constant_values=250) for picture in pictures]
    return torch.from_numpy(grid(even, SHEET_COLUMNS)).permute(2, 0, 1).float() / 127.5 - 1
