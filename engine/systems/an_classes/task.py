"""Generator and discriminator of classes in training: hinge losses, and entities that are kept apart.

Article, section 4.1: the hinge losses. SAGAN (Zhang et al., 2019), section 4: Adam with betas (0, 0.9), rates 1e-4 and
4e-4, one update of each in turn. Ours: an average of weights and statistics, differentiable augmentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
from msgspec import Meta
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.errors import Message
from engine.metrics.features import MOBILENET
from engine.metrics.frechet import frechet_distance
from engine.systems.an_classes.maker import noise_of
from engine.systems.an_classes.network import (
    ClassDiscriminator,
    ClassDiscriminatorConfig,
    ClassGenerator,
    ClassGeneratorConfig,
)
from engine.training.adversarial import AdversarialTask, AdversarialTaskConfig
from engine.training.augment import Augmentation
from engine.training.feature_distance import FeatureDistance
from engine.training.losses import Features, entities_apart
from engine.training.recipe import Share
from engine.training.task import Losses
from engine.weights.feature_networks import install_folder

BATCH = 50
"""Pictures of the validation split that are looked at at once."""
MOST_JUDGED = 1000
PIXELS = 4
"""Side of the tiny pictures whose distance is the score where there is no feature network."""


@dataclass(frozen=True)
class ClassTaskConfig(AdversarialTaskConfig):
    """How a generator of classes is trained.

    discriminator_width: see `ClassDiscriminatorConfig`; the generator's unless given.
    orthogonality: weight of the loss that keeps the entities of attentive normalization apart (1e-3 in the published
        code).
    """

    betas: tuple[float, float] = (0.0, 0.9)
    decay_from: Share = 1.0
    discriminator_width: Annotated[int, Meta(ge=0)] = 0
    orthogonality: float = 1e-3


class ClassTask(AdversarialTask):
    """One generator of classes against its discriminator; a batch's pictures come with the numbers of their classes."""

    model: ClassGeneratorConfig
    config: ClassTaskConfig

    def __init__(
        self,
        model: ClassGeneratorConfig,
        config: ClassTaskConfig,
        steps: int,
        device: torch.device,
        dataset: DataSet,
    ) -> None:
        super().__init__(model, config, steps, device)
        if self.features_network is None:
            self.notes = (
                Message(
                    "The feature network {0} is not installed: training validates by the colours of tiny pictures "
                    "alone; put its two files into {1} for a Frechet distance.",
                    MOBILENET,
                    install_folder(),
                ),
            )

    def build(self, sn: bool) -> nn.Module:
        """A generator of classes."""
        return ClassGenerator(self.model, sn=sn)

    def build_discriminator(self) -> nn.Module:
        """As wide as the generator, unless the recipe says, and with the same attention."""
        discriminator_config = ClassDiscriminatorConfig(
            classes=self.model.classes,
            resolution=self.model.resolution,
            width=self.config.discriminator_width or self.model.width,
            attention=self.model.attention,
            attentive=self.model.attentive,
        )
        return ClassDiscriminator(discriminator_config, sn=True)

    # ------------------------------------------------------------------ training

    def examples(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The pictures, and the numbers of their classes (B,)."""
        return batch.pictures.to(memory_format=torch.channels_last), batch.classes

    def paint(self, real: Tensor, condition: Tensor, step: int) -> tuple[Tensor, Losses]:
        """Out of noise, a picture of each one's class."""
        z = torch.randn(len(real), self.model.latent, device=real.device)
        return self.generator(z, self._shares(condition)), {}

    def shown_condition(self, condition: Tensor, augmentation: Augmentation) -> Tensor:
        """A picture's class stays what it is."""
        return condition

    def views(self, pictures: Tensor, augmentation: Augmentation) -> list[Tensor]:
        """Augmented, nothing else."""
        return [augmentation.picture(pictures)]

    def features(self, condition: Tensor, views: list[Tensor]) -> Features:
        """One score per picture."""
        return [[self.discriminator(views[0], condition)]]

    def regularisers(self, network: nn.Module) -> Losses:
        """The loss that keeps a network's entities apart, where it has any."""
        return entities_apart(network, self.config.orthogonality)

    def _shares(self, classes: Tensor) -> Tensor:
        return F.one_hot(classes, self.model.classes).float()

    # ------------------------------------------------------------------ results

    def rows(self, generator: Any, batch: Batch) -> list[Tensor]:
        """A row of made pictures for each class, the same noise in each column."""
        count = len(batch)
        z = torch.stack([noise_of(seed, self.model.latent) for seed in range(count)]).to(self.device)
        return [
            generator(z, self._shares(torch.full((count,), class_id, device=self.device)))
            for class_id in range(self.model.classes)
        ]

    @torch.no_grad()
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """The Frechet distance between real pictures and as many made ones of the same classes; score = - distance."""
        generator, distance = self.averaged(), FeatureDistance(self.features_network)
        real_tiny, fake_tiny = [], []
        for first in range(0, min(len(dataset), MOST_JUDGED), BATCH):
            indices = np.arange(first, min(first + BATCH, len(dataset), MOST_JUDGED))
            batch = dataset.batch(indices).to(self.device)
            z = torch.stack([noise_of(int(seed), self.model.latent) for seed in indices]).to(self.device)
            fake = generator(z, self._shares(batch.classes)).float()
            real_tiny.append(F.adaptive_avg_pool2d(batch.pictures, PIXELS).flatten(1))
            fake_tiny.append(F.adaptive_avg_pool2d(fake, PIXELS).flatten(1))
            distance.add(batch.pictures, fake)
        numbers = {"frechet_pixels": frechet_distance(torch.cat(real_tiny), torch.cat(fake_tiny))}
        numbers |= distance.numbers()
        numbers["score"] = -numbers.get("fid_mobilenet_v2", numbers["frechet_pixels"])
        return numbers
