"""What every system that paints has in common in training: a generator against a discriminator, averages, rates.

Hinge loss, feature matching and a perceptual loss as published by SPADE, which SEAN and SMIS took over; ours in
addition: L1 on the picture and on pooled pictures, differentiable augmentation of what the discriminator sees, an
average of weights and statistics. Least squares instead of the hinge loss is pix2pixHD's choice.

What pictures are painted from (`engine.training.conditions`) is opaque here. A system says how its generator is
built, what it is conditioned on, how it paints in training, how it reconstructs and what its sample sheet shows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.errors import Message
from engine.metrics.features import MOBILENET, find_feature_net, load_feature_net, pooled_features
from engine.metrics.frechet import frechet_distance
from engine.metrics.perceptual import Choice, Perceptual, find_perceptual
from engine.nn.blocks import channels_last
from engine.nn.feature_net import FeatureNet
from engine.nn.spectral import fold_spectral, settle_spectral
from engine.training.adam import FusedAdam
from engine.training.augment import Augmentation, recolour, shift_together
from engine.training.conditions import Conditions
from engine.training.discriminators import (
    DiscriminatorConfig,
    build_discriminator,
    discriminator_notes,
    features_of,
    frozen_network,
    views_of,
)
from engine.training.ema import EMA
from engine.training.losses import (
    DISCRIMINATOR_LOSSES,
    GENERATOR_LOSSES,
    Features,
    OverScales,
    feature_matching,
    pyramid_l1,
)
from engine.training.task import Export, Losses, plain_config
from engine.weights.feature_networks import install_folder

BATCH = 10
"""Pictures of the validation split that are painted at once."""
ALONE = 300
"""Steps that a fresh discriminator learns by itself under a trained generator, unless the recipe says."""


@dataclass(frozen=True)
class AdversarialTaskConfig(DiscriminatorConfig):
    """How a generator is trained against a discriminator.

    lr_generator, lr_discriminator, betas: Adam of the two (TTUR: papers 1e-4, 4e-4; SEAN's betas (0, 0.999)).
    gan: the adversarial loss. over_scales: it is averaged over the discriminator's scales (SPADE, SEAN, SMIS), or
        summed (pix2pixHD).
    adversarial, feature_matching, perceptual, l1, pyramid: weights of the losses; 0 leaves one out. With `perceptual` 0
        nothing is said of feature networks that are missing.
    perceptual_network: what the perceptual loss compares pictures by; see `engine.metrics.perceptual`.
    perceptual_shift: both pictures are moved by up to this many pixels before the perceptual loss, drawn in each step
        (ours): a strided network looks at every second pixel harder, always the same ones, and the painter weaves.
    discriminator_alone: steps, the first of the run, in which the discriminator alone learns (ours); none in a run
        from scratch, and `ALONE` (a quarter of a shorter run) where it begins fresh under a trained generator, which
        it would spoil: a SEAN's Frechet distance went from 272 to 388 in 120 steps.
    ema: decay of the average.
    augment: probability of each differentiable augmentation.
    recolour: share of the pictures that are given other colours before anything sees them (ours).
    decay_from: fraction of the steps after which learning rates fall linearly, to `decay_to` of themselves.
    """

    before: ClassVar[Mapping[str, Any]] = {}

    lr_generator: float = 1e-4
    lr_discriminator: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.999)
    gan: Literal["hinge", "lsgan"] = "hinge"
    over_scales: OverScales = "mean"
    adversarial: float = 1.0
    feature_matching: float = 10.0
    perceptual: float = 10.0
    perceptual_network: Choice = "auto"
    perceptual_shift: int = 0
    l1: float = 0.0
    pyramid: float = 0.0
    discriminator_alone: int | None = None
    ema: float = 0.999
    augment: float = 0.0
    recolour: float = 0.0
    decay_from: float = 0.5
    decay_to: float = 0.0


class AdversarialTask(ABC):
    """One generator in training.

    Args:
        model: the generator's config.
        config: see `AdversarialTaskConfig`.
        steps: the whole run's length, which the learning rates follow.
        device: where to compute.
        dataset: what is trained on.
    """

    def __init__(
        self, model: Any, config: AdversarialTaskConfig, steps: int, device: torch.device, dataset: DataSet
    ) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        self.step = 0
        self.alone_until = config.discriminator_alone or 0
        self.conditions = self.condition_on(model, dataset)
        self.generator: Any = channels_last(self.build(sn=True), device)
        self.discriminator = channels_last(build_discriminator(config, self.conditions.channels), device)
        self.modules: dict[str, nn.Module] = {
            "generator": self.generator,
            "discriminator": self.discriminator,
        }
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "generator": FusedAdam(self.generator.parameters(), config.lr_generator, config.betas),
            "discriminator": FusedAdam(self.discriminator.parameters(), config.lr_discriminator, config.betas),
        }
        self.ema = EMA(self.generator, config.ema)
        self.notes: tuple[str, ...] = discriminator_notes(config)
        self.perceptual: Perceptual | None = None
        if config.perceptual:
            label_count = int(dataset.network_fields().get("labels", 0))
            self.perceptual = find_perceptual(config.perceptual_network, label_count)
        if self.perceptual is not None:
            channels_last(self.perceptual.loss, device)
        self.features: FeatureNet | None = None
        if find_feature_net() is not None:
            self.features = channels_last(load_feature_net(), device)
        elif config.perceptual:
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
        return {
            "model": plain_config(self.model),
            "task": plain_config(self.config),
            "perceptual_network": self.perceptual.name if self.perceptual is not None else "",
            "discriminator_network": frozen_network(self.discriminator),
        }

    # ------------------------------------------------------------------ what a system says

    @abstractmethod
    def build(self, sn: bool) -> nn.Module:
        """A generator with fresh parameters, spectrally normalised if `sn`."""

    @abstractmethod
    def condition_on(self, model: Any, dataset: DataSet) -> Conditions:
        """What pictures are painted from."""

    @abstractmethod
    def paint(self, real: Tensor, condition: Any) -> tuple[Tensor, Losses]:
        """Training: real (B, 3, H, W) and its condition -> painted (B, 3, H, W), the system's own weighted losses."""

    @abstractmethod
    def reconstruct(self, generator: Any, image: Tensor, condition: Any) -> Tensor:
        """Pictures (B, 3, H, W) painted from their own conditions and styles, nothing drawn at random."""

    @abstractmethod
    def rows(self, generator: Any, image: Tensor, condition: Any) -> list[Tensor]:
        """Rows of the sample sheet below the real pictures, each (B, 3, H, W)."""

    # ------------------------------------------------------------------ training

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update of the discriminator, then one of the generator, on one and the same painted picture."""
        self._set_rates(step)
        self.step = step
        config, discriminator_alone = self.config, step < self.alone_until
        batch_pictures = batch.pictures
        real_pictures = recolour(batch_pictures, config.recolour) if config.recolour else batch_pictures
        real_pictures = real_pictures.to(memory_format=torch.channels_last)
        condition = self.conditions.of(batch, training=True)
        self.generator.train()
        with torch.no_grad() if discriminator_alone else nullcontext():
            fake_pictures, own_losses = self.paint(real_pictures, condition)
        condition_shown, real_views, fake_views = self._show(condition, real_pictures, fake_pictures)

        self.discriminator.requires_grad_(True)
        fixed_views = [view.detach() for view in fake_views]
        real_features, fake_features = self._judge(condition_shown, real_views, fixed_views)
        discriminator_loss = DISCRIMINATOR_LOSSES[config.gan](real_features, fake_features, config.over_scales)
        yield "discriminator", {"discriminator": discriminator_loss}
        if discriminator_alone:
            return

        self.discriminator.requires_grad_(False)
        real_features, fake_features = self._judge(condition_shown, real_views, fake_views)
        losses = {"adversarial": config.adversarial * GENERATOR_LOSSES[config.gan](fake_features, config.over_scales)}
        if len(fake_features[0]) > 1:  # a projected discriminator has no hidden layers to compare by
            losses["feature_matching"] = config.feature_matching * feature_matching(real_features, fake_features)
        if self.perceptual is not None:
            losses["perceptual"] = config.perceptual * self.perceptual.loss(
                *shift_together(fake_pictures, real_pictures, config.perceptual_shift)
            )
        if config.l1:
            losses["l1"] = config.l1 * (fake_pictures.float() - real_pictures).abs().mean()
        if config.pyramid:
            losses["pyramid"] = config.pyramid * pyramid_l1(real_pictures, fake_pictures)
        yield "generator", losses | own_losses

    def _show(
        self, condition: Any, real_pictures: Tensor, fake_pictures: Tensor
    ) -> tuple[Any, list[Tensor], list[Tensor]]:
        """Condition, real and painted pictures as the discriminator sees them in both of its updates."""
        augmentation = Augmentation(
            len(real_pictures), real_pictures.shape[-1], self.config.augment, real_pictures.device
        )
        condition_shown, real_shown = self.conditions.shown(condition, real_pictures, augmentation)
        _, fake_shown = self.conditions.shown(condition, fake_pictures.to(real_pictures.dtype), augmentation)
        return condition_shown, views_of(self.discriminator, real_shown), views_of(self.discriminator, fake_shown)

    def _judge(
        self, condition: Any, real_views: list[Tensor], fake_views: list[Tensor]
    ) -> tuple[Features, Features]:
        """Discriminator features of real and painted pictures, in one batch as published."""
        conditions = torch.cat([condition, condition])
        both_views = [torch.cat([real_view, fake_view]) for real_view, fake_view in zip(real_views, fake_views)]
        features = features_of(self.discriminator, conditions, both_views)
        real_count = len(condition)
        real_features = [[layer[:real_count] for layer in scale] for scale in features]
        fake_features = [[layer[real_count:] for layer in scale] for scale in features]
        return real_features, fake_features

    def _set_rates(self, step: int) -> None:
        config = self.config
        decay_progress = max(0.0, step / self.steps - config.decay_from) / max(1e-9, 1 - config.decay_from)
        rate_factor = 1 - (1 - config.decay_to) * decay_progress
        learning_rates = {"generator": config.lr_generator, "discriminator": config.lr_discriminator}
        for network_name, learning_rate in learning_rates.items():
            for param_group in self.optimizers[network_name].param_groups:
                param_group["lr"] = learning_rate * rate_factor

    def after_step(self, step: int) -> None:
        """Take the generator's new state into the average, if it learnt."""
        if step >= self.alone_until:
            self.ema.update(self.generator)

    # ------------------------------------------------------------------ results

    def averaged(self) -> Any:
        """The averaged generator, spectral norm folded, in evaluation mode."""
        generator = self.build(sn=True)
        generator.load_state_dict(self.ema.state)
        fold_spectral(generator)
        return channels_last(generator, self.device).eval()

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        """The real pictures above the system's own rows, in one picture."""
        sheet_rows = [batch.pictures, *self.rows(self.averaged(), batch.pictures, self.conditions.of(batch))]
        return torch.cat([torch.cat(list(row.float()), dim=-1) for row in sheet_rows], dim=-2).clamp(-1, 1)

    @torch.no_grad()
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """PSNR of reconstructions and the Frechet distance of pooled features; score = PSNR - distance / 20."""
        generator, psnr_values = self.averaged(), []
        real_pooled, fake_pooled = [], []
        for first_index in range(0, len(dataset), BATCH):
            batch = dataset.batch(np.arange(first_index, min(first_index + BATCH, len(dataset)))).to(self.device)
            pictures = batch.pictures
            reconstruction = self.reconstruct(generator, pictures, self.conditions.of(batch)).float().clamp(-1, 1)
            squared_errors = ((reconstruction - pictures) / 2).pow(2).mean((1, 2, 3))
            psnr_values += (-10 * squared_errors.log10()).tolist()
            if self.features is not None:
                real_pooled.append(pooled_features(self.features, pictures))
                fake_pooled.append(pooled_features(self.features, reconstruction))
        numbers = {"psnr": float(np.mean(psnr_values))}
        if real_pooled:
            numbers["fid_mobilenet_v2"] = frechet_distance(torch.cat(real_pooled), torch.cat(fake_pooled))
        numbers["score"] = numbers["psnr"] - numbers.get("fid_mobilenet_v2", 0.0) / 20
        return numbers

    def export(self) -> Export:
        """The averaged generator as plain convolutions."""
        generator_state = self.averaged().state_dict()
        return Export(asdict(self.model), {name: tensor.contiguous() for name, tensor in generator_state.items()})

    def start_from(self, exported_state: dict[str, Tensor], kept_modules: Collection[str] = ()) -> list[str]:
        """Take over tensors of equal name and shape (a smaller network's blocks, before growing a block).

        A discriminator that is not among `kept_modules` learns alone for a while, if most of the generator has learnt
        already.
        """
        generator_state = self.generator.state_dict()
        fresh_names = []
        for tensor_name in generator_state:
            exported_tensor = exported_state.get(tensor_name.replace("parametrizations.weight.original", "weight"))
            if exported_tensor is None or exported_tensor.shape != generator_state[tensor_name].shape:
                fresh_names.append(tensor_name)
            else:
                generator_state[tensor_name].copy_(exported_tensor)
        settle_spectral(self.generator)
        self.ema = EMA(self.generator, self.config.ema)
        fresh_count = sum(generator_state[tensor_name].numel() for tensor_name in fresh_names)
        mostly_trained = fresh_count < sum(tensor.numel() for tensor in generator_state.values()) / 2
        if self.config.discriminator_alone is None and mostly_trained and "discriminator" not in kept_modules:
            self.alone_until = min(ALONE, self.steps // 4)
        return fresh_names

    def state_dict(self) -> dict[str, Any]:
        """The average, and how long the discriminator learns alone."""
        return self.ema.state_dict() | ({"alone_until": self.alone_until} if self.alone_until else {})

    def load_state_dict(self, task_state: dict[str, Any]) -> None:
        """Put them back."""
        self.ema.load_state_dict(task_state)
        self.alone_until = int(task_state.get("alone_until", 0))
