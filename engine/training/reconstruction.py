"""Systems that paint pictures again from their own conditions (label maps, styles): how they learn by comparison.

Hinge loss, feature matching and a perceptual loss as published by SPADE, which SEAN and SMIS took over; ours in
addition: L1 on the picture and on pooled pictures. Least squares instead of the hinge loss is pix2pixHD's choice.

What pictures are painted from (`engine.training.conditions`) is opaque here. A system's `Reconstruction` says how its
generator is built, how it paints in training, how it reconstructs and what its sample sheet shows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from msgspec import Meta
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.data.layout import evenly
from engine.errors import Message
from engine.metrics.features import MOBILENET
from engine.metrics.perceptual import Choice, Perceptual, find_perceptual
from engine.nn.blocks import channels_last
from engine.training.adversarial import AdversarialTask
from engine.training.augment import Augmentation, recolour, shift_together
from engine.training.conditions import Conditions
from engine.training.discriminators import (
    build_discriminator,
    discriminator_notes,
    features_of,
    frozen_network,
    views_of,
)
from engine.training.feature_distance import FeatureDistance
from engine.training.losses import Features, feature_matching, pyramid_l1
from engine.training.recipe import Share
from engine.training.task import Losses
from engine.weights.feature_networks import install_folder

BATCH = 10
"""Pictures of the validation split that are painted at once."""


@dataclass(frozen=True)
class ReconstructionTaskConfig:
    """By what painted pictures are compared with real ones.

    feature_matching, perceptual, l1, pyramid: weights of the losses; 0 leaves one out. With `perceptual` 0 nothing is
        said of feature networks that are missing.
    perceptual_network: what the perceptual loss compares pictures by; see `engine.metrics.perceptual`.
    perceptual_shift: both pictures are moved by up to this many pixels before the perceptual loss, drawn in each step
        (ours): a strided network looks at every second pixel harder, always the same ones, and the painter weaves.
    recolour: share of the pictures that are given other colours before anything sees them (ours).
    """

    feature_matching: float = 10.0
    perceptual: float = 10.0
    perceptual_network: Choice = "auto"
    perceptual_shift: Annotated[int, Meta(ge=0)] = 0
    l1: float = 0.0
    pyramid: float = 0.0
    recolour: Share = 0.0


class Reconstruction(ABC):
    """What a system says of a generator that paints pictures again.

    model, config: the generator's config, and that of its task. `real` is (B, 3, H, W) in [-1, 1], `condition` what
    the task's `Conditions` give for it.
    """

    def __init__(self, model: Any, config: Any) -> None:
        self.model, self.config = model, config

    @abstractmethod
    def build(self, sn: bool) -> nn.Module:
        """A generator with fresh parameters, spectrally normalised if `sn`."""

    def build_discriminator(self, condition_channels: int) -> nn.Module:
        """A fresh one, that sees `condition_channels` of conditions: what the recipe chose."""
        return build_discriminator(self.config, condition_channels)

    @abstractmethod
    def paint(self, generator: Any, real: Tensor, condition: Any, step: int) -> tuple[Tensor, Losses]:
        """Training: painted (B, 3, H, W), and the system's own weighted losses."""

    @abstractmethod
    def reconstruct(self, generator: Any, real: Tensor, condition: Any) -> Tensor:
        """Pictures (B, 3, H, W) painted from their own conditions and styles, nothing drawn at random."""

    @abstractmethod
    def rows(self, generator: Any, real: Tensor, condition: Any) -> list[Tensor]:
        """Rows of the sample sheet below the real pictures, each (B, 3, H, W)."""

    def measures(self, generator: Any, real: Tensor, condition: Any) -> dict[str, float]:
        """Numbers that a validation reports of the system beside those of every reconstruction."""
        return {}


class ReconstructionTask(AdversarialTask):
    """`AdversarialTask` whose painted pictures are compared with the real ones that they are painted after.

    Args:
        reconstruction: what the system says of its generator.
        conditions: what pictures are painted from, and what the discriminator sees of it.
        config: an `AdversarialTaskConfig`, a `DiscriminatorConfig` and a `ReconstructionTaskConfig` in one.
        steps, device: see `AdversarialTask`.
        dataset: what is trained on.
    """

    compares_features: ClassVar[bool] = True
    config: Any

    def __init__(
        self,
        reconstruction: Reconstruction,
        conditions: Conditions,
        config: Any,
        steps: int,
        device: torch.device,
        dataset: DataSet,
    ) -> None:
        self.reconstruction, self.conditions, self.config = reconstruction, conditions, config
        super().__init__(reconstruction.model, config, steps, device)
        self.perceptual: Perceptual | None = None
        if config.perceptual:
            label_count = int(dataset.network_fields().get("labels", 0))
            self.perceptual = find_perceptual(config.perceptual_network, label_count)
        if self.perceptual is not None:
            channels_last(self.perceptual.loss, device)
        self.notes = discriminator_notes(config)
        if self.features_network is None and config.perceptual:
            self.notes += (self._missing_features_note(),)

    def _missing_features_note(self) -> Message:
        loss_clause = Message("without a perceptual loss")
        if self.perceptual is not None:
            loss_clause = Message("with {0}", self.perceptual.name)
        return Message(
            "The feature network {0} is not installed: training goes on {1} and validates without a Frechet "
            "distance; put its two files into {2} for it.",
            MOBILENET, loss_clause, install_folder(),
        )

    def facts(self) -> dict[str, Any]:
        """See `engine.training.task.Task.facts`."""
        return super().facts() | {
            "perceptual_network": self.perceptual.name if self.perceptual is not None else "",
            "discriminator_network": frozen_network(self.discriminator),
        }

    def build(self, sn: bool) -> nn.Module:
        """See `Reconstruction.build`."""
        return self.reconstruction.build(sn)

    def build_discriminator(self) -> nn.Module:
        """See `Reconstruction.build_discriminator`."""
        return self.reconstruction.build_discriminator(self.conditions.channels)

    def examples(self, batch: Batch) -> tuple[Tensor, Any]:
        """The pictures, some of them in other colours, and their conditions."""
        pictures = recolour(batch.pictures, self.config.recolour) if self.config.recolour else batch.pictures
        return pictures.to(memory_format=torch.channels_last), self.conditions.of(batch, training=True)

    def paint(self, real: Tensor, condition: Any, step: int) -> tuple[Tensor, Losses]:
        """See `Reconstruction.paint`."""
        return self.reconstruction.paint(self.generator, real, condition, step)

    def shown_condition(self, condition: Any, augmentation: Augmentation) -> Tensor:
        """See `Conditions.shown`."""
        return self.conditions.shown(condition, augmentation)

    def views(self, pictures: Tensor, augmentation: Augmentation) -> list[Tensor]:
        """A projected discriminator looks through its frozen network."""
        return views_of(self.discriminator, augmentation.picture(pictures))

    def features(self, condition: Tensor, views: list[Tensor]) -> Features:
        """Of every layer and scale."""
        return features_of(self.discriminator, condition, views)

    def matching_losses(self, real_features: Features, fake_features: Features) -> Losses:
        """Feature matching; none by a projected discriminator, which has no hidden layers to compare by."""
        if len(fake_features[0]) == 1:
            return {}
        return {"feature_matching": self.config.feature_matching * feature_matching(real_features, fake_features)}

    def generator_losses(self, real: Tensor, fake: Tensor) -> Losses:
        """The perceptual loss, L1 of pictures and of pooled pictures, as the recipe weighs each."""
        config, losses = self.config, {}
        if self.perceptual is not None:
            losses["perceptual"] = config.perceptual * self.perceptual.loss(
                *shift_together(fake, real, config.perceptual_shift)
            )
        if config.l1:
            losses["l1"] = config.l1 * (fake.float() - real).abs().mean()
        if config.pyramid:
            losses["pyramid"] = config.pyramid * pyramid_l1(real, fake)
        return losses

    def rows(self, generator: Any, batch: Batch) -> list[Tensor]:
        """See `Reconstruction.rows`."""
        return self.reconstruction.rows(generator, batch.pictures, self.conditions.of(batch))

    @torch.no_grad()
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """PSNR and Frechet distance of reconstructions, the system's own measures; score = PSNR - distance / 20."""
        generator, psnr_values, distance = self.averaged(), [], FeatureDistance(self.features_network)
        for first_index in range(0, len(dataset), BATCH):
            batch = dataset.batch(np.arange(first_index, min(first_index + BATCH, len(dataset)))).to(self.device)
            pictures, condition = batch.pictures, self.conditions.of(batch)
            reconstructed = self.reconstruction.reconstruct(generator, pictures, condition).float().clamp(-1, 1)
            squared_errors = ((reconstructed - pictures) / 2).pow(2).mean((1, 2, 3))
            psnr_values += (-10 * squared_errors.log10()).tolist()
            distance.add(pictures, reconstructed)
        numbers = {"psnr": float(np.mean(psnr_values))} | distance.numbers()
        numbers["score"] = numbers["psnr"] - numbers.get("fid_mobilenet_v2", 0.0) / 20
        batch = dataset.batch(np.array(evenly(len(dataset), BATCH))).to(self.device)
        return numbers | self.reconstruction.measures(generator, batch.pictures, self.conditions.of(batch))
