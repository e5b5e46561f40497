"""What every system that paints has in common in training: a generator against a discriminator, averages, rates.

Hinge loss, feature matching and a perceptual loss as published by SPADE, which SEAN and SMIS took over; ours in
addition: L1 on the picture and on pooled pictures, differentiable augmentation of what the discriminator sees, an
average of weights and statistics. Least squares instead of the hinge loss is pix2pixHD's choice.

What pictures are painted from (`engine.training.conditions`) is opaque here. A system says how its generator is
built, what it is conditioned on, how it paints in training, how it reconstructs and what its sample sheet shows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.errors import Message
from engine.metrics.features import MOBILENET, find_feature_net, install_folder, load_feature_net, pooled_features
from engine.metrics.frechet import frechet_distance
from engine.metrics.perceptual import Choice, Perceptual, find_perceptual
from engine.nn.blocks import channels_last
from engine.nn.feature_net import FeatureNet
from engine.nn.spectral import fold_spectral, settle_spectral
from engine.training.adam import FusedAdam
from engine.training.augment import Augmentation, recolour, shift_together
from engine.training.conditions import Conditions
from engine.training.discriminators import DiscriminatorConfig, build_discriminator
from engine.training.ema import EMA
from engine.training.losses import (
    DISCRIMINATOR_LOSSES,
    GENERATOR_LOSSES,
    Features,
    OverScales,
    feature_matching,
    pyramid_l1,
)
from engine.training.task import Export, Losses

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
    adversarial, feature_matching, perceptual, l1, pyramid: weights of the losses; 0 leaves one out.
    perceptual_network: what the perceptual loss compares pictures by; see `engine.metrics.perceptual`.
    perceptual_shift: both pictures are moved by up to this many pixels before the perceptual loss, anew in each step
        (ours): a strided network looks at every second pixel harder, always the same ones, and the painter weaves.
    discriminator_alone: steps, the first of the run, in which the discriminator alone learns (ours); none in a run
        from scratch, and `ALONE` (a quarter of a shorter run) where it begins fresh under a trained generator, which
        it would spoil: a SEAN's Frechet distance went from 272 to 388 in 120 steps.
    ema: decay of the average.
    augment: probability of each differentiable augmentation.
    recolour: share of the pictures that are given other colours before anything sees them (ours).
    decay_from: fraction of the steps after which learning rates fall linearly, to `decay_to` of themselves.
    """

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
        data: what is trained on.
    """

    def __init__(
        self, model: Any, config: AdversarialTaskConfig, steps: int, device: torch.device, data: DataSet
    ) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        self.step = 0
        self.alone_until = config.discriminator_alone or 0
        self.conditions = self.condition_on(model, data)
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
        self.features: FeatureNet | None = None
        self.perceptual: Perceptual | None = None
        self.notes: tuple[str, ...] = ()
        if config.perceptual:
            self.perceptual = find_perceptual(config.perceptual_network, getattr(model, "labels", 0))
        if self.perceptual is not None:
            channels_last(self.perceptual.loss, device)
        if find_feature_net() is not None:
            self.features = channels_last(load_feature_net(), device)
        else:
            loss = Message("without a perceptual loss")
            if self.perceptual is not None:
                loss = Message("with {0}", self.perceptual.name)
            self.notes = (
                Message(
                    "The feature network {0} is not installed: training goes on {1} and validates without a Frechet "
                    "distance; put its two files into {2} for it.",
                    MOBILENET, loss, install_folder(),
                ),
            )

    # ------------------------------------------------------------------ what a system says

    @abstractmethod
    def build(self, sn: bool) -> nn.Module:
        """A generator with fresh parameters, spectrally normalised if `sn`."""

    @abstractmethod
    def condition_on(self, model: Any, data: DataSet) -> Conditions:
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
        config, alone = self.config, step < self.alone_until
        pictures = batch.pictures
        real = recolour(pictures, config.recolour) if config.recolour else pictures
        real = real.to(memory_format=torch.channels_last)
        condition = self.conditions.of(batch, training=True)
        self.generator.train()
        with torch.no_grad() if alone else nullcontext():
            fake, own = self.paint(real, condition)
        augmentation = Augmentation(len(real), real.shape[-1], config.augment, real.device)

        self.discriminator.requires_grad_(True)
        real_features, fake_features = self._judge(condition, real, fake.detach(), augmentation)
        loss = DISCRIMINATOR_LOSSES[config.gan](real_features, fake_features, config.over_scales)
        yield "discriminator", {"discriminator": loss}
        if alone:
            return

        self.discriminator.requires_grad_(False)
        real_features, fake_features = self._judge(condition, real, fake, augmentation)
        losses = {
            "adversarial": config.adversarial * GENERATOR_LOSSES[config.gan](fake_features, config.over_scales),
            "feature_matching": config.feature_matching * feature_matching(real_features, fake_features),
        }
        if self.perceptual is not None:
            losses["perceptual"] = config.perceptual * self.perceptual.loss(
                *shift_together(fake, real, config.perceptual_shift)
            )
        if config.l1:
            losses["l1"] = config.l1 * (fake.float() - real).abs().mean()
        if config.pyramid:
            losses["pyramid"] = config.pyramid * pyramid_l1(real, fake)
        yield "generator", losses | own

    def _judge(
        self, condition: Any, real: Tensor, fake: Tensor, augmentation: Augmentation
    ) -> tuple[Features, Features]:
        """Discriminator features of real and painted pictures, in one batch as published."""
        shown, real_shown = self.conditions.shown(condition, real, augmentation)
        _, fake_shown = self.conditions.shown(condition, fake.to(real.dtype), augmentation)
        features = self.discriminator(torch.cat([shown, shown]), torch.cat([real_shown, fake_shown]))
        half = len(real)
        return [[f[:half] for f in scale] for scale in features], [[f[half:] for f in scale] for scale in features]

    def _set_rates(self, step: int) -> None:
        config = self.config
        past = max(0.0, step / self.steps - config.decay_from) / max(1e-9, 1 - config.decay_from)
        factor = 1 - (1 - config.decay_to) * past
        for name, rate in (("generator", config.lr_generator), ("discriminator", config.lr_discriminator)):
            for group in self.optimizers[name].param_groups:
                group["lr"] = rate * factor

    def after_step(self, step: int) -> None:
        """Take the generator's new state into the average, if it learnt."""
        if step >= self.alone_until:
            self.ema.update(self.generator)

    # ------------------------------------------------------------------ results

    def averaged(self) -> Any:
        """The averaged generator, spectral norm folded, in evaluation mode."""
        copy = self.build(sn=True)
        copy.load_state_dict(self.ema.state)
        fold_spectral(copy)
        return channels_last(copy, self.device).eval()

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        """The real pictures above the system's own rows, in one picture."""
        rows = [batch.pictures, *self.rows(self.averaged(), batch.pictures, self.conditions.of(batch))]
        return torch.cat([torch.cat(list(x.float()), dim=-1) for x in rows], dim=-2).clamp(-1, 1)

    @torch.no_grad()
    def validate(self, data: DataSet) -> dict[str, float]:
        """PSNR of reconstructions and the Frechet distance of pooled features; score = PSNR - distance / 20."""
        generator, psnr = self.averaged(), []
        real_pooled, fake_pooled = [], []
        for start in range(0, len(data), BATCH):
            batch = data.batch(np.arange(start, min(start + BATCH, len(data)))).to(self.device)
            image = batch.pictures
            fake = self.reconstruct(generator, image, self.conditions.of(batch)).float().clamp(-1, 1)
            mse = ((fake - image) / 2).pow(2).mean((1, 2, 3))
            psnr += (-10 * mse.log10()).tolist()
            if self.features is not None:
                real_pooled.append(pooled_features(self.features, image))
                fake_pooled.append(pooled_features(self.features, fake))
        numbers = {"psnr": float(np.mean(psnr))}
        if real_pooled:
            numbers["fid_mobilenet_v2"] = frechet_distance(torch.cat(real_pooled), torch.cat(fake_pooled))
        numbers["score"] = numbers["psnr"] - numbers.get("fid_mobilenet_v2", 0.0) / 20
        return numbers

    def export(self) -> Export:
        """The averaged generator as plain convolutions."""
        return Export(asdict(self.model), {k: v.contiguous() for k, v in self.averaged().state_dict().items()})

    def start_from(self, state: dict[str, Tensor], kept: Collection[str] = ()) -> list[str]:
        """Take over tensors of equal name and shape (a smaller network's blocks, before growing a block).

        A discriminator that is not `kept` learns alone for a while, if most of the generator has learnt already.
        """
        own = self.generator.state_dict()
        left = []
        for key in own:
            source = state.get(key.replace("parametrizations.weight.original", "weight"))
            if source is None or source.shape != own[key].shape:
                left.append(key)
            else:
                own[key].copy_(source)
        settle_spectral(self.generator)
        self.ema = EMA(self.generator, self.config.ema)
        new = sum(own[key].numel() for key in left)
        trained = new < sum(tensor.numel() for tensor in own.values()) / 2
        if self.config.discriminator_alone is None and trained and "discriminator" not in kept:
            self.alone_until = min(ALONE, self.steps // 4)
        return left

    def state_dict(self) -> dict[str, Any]:
        """The average, and how long the discriminator learns alone."""
        return self.ema.state_dict() | ({"alone_until": self.alone_until} if self.alone_until else {})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put them back."""
        self.ema.load_state_dict(state)
        self.alone_until = int(state.get("alone_until", 0))
