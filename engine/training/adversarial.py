"""What every system that paints has in common in training: a patch discriminator, its losses, averages, rates.

Hinge loss, feature matching and a perceptual loss as published by SPADE, which SEAN and SMIS took over; ours in
addition: L1 on the picture and on pooled pictures, differentiable augmentation of what the discriminator sees, an
average of weights and statistics. Least squares instead of the hinge loss is pix2pixHD's choice.

A system says in four methods how its generator is built, how it paints in training, how it reconstructs and what its
sample sheet shows; see `GANTask`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.folder import Batch, DatasetFolder
from engine.errors import Message
from engine.metrics.features import MOBILENET, find_feature_net, install_folder, load_feature_net, pooled_features
from engine.metrics.frechet import frechet_distance
from engine.metrics.perceptual import Choice, Perceptual, find_perceptual
from engine.nn.blocks import channels_last, one_hot
from engine.nn.discriminators import MultiScaleDiscriminator, PatchDiscriminatorConfig
from engine.nn.feature_net import FeatureNet
from engine.nn.spectral import fold_spectral, settle_spectral
from engine.training.adam import FusedAdam
from engine.training.augment import Augmentation, recolour, shift_together
from engine.training.ema import EMA
from engine.training.losses import DISCRIMINATOR_LOSSES, GENERATOR_LOSSES, Features, feature_matching, pyramid_l1
from engine.training.task import Losses

BATCH = 10
"""Pictures of the validation split that are painted at once."""


@dataclass(frozen=True)
class GANTaskConfig:
    """How a generator is trained against a discriminator.

    lr_generator, lr_discriminator, betas: Adam of the two (TTUR: papers 1e-4, 4e-4; SEAN's betas (0, 0.999)).
    gan: the adversarial loss.
    adversarial, feature_matching, perceptual, l1, pyramid: weights of the losses; 0 leaves one out.
    perceptual_network: what the perceptual loss compares pictures by; see `engine.metrics.perceptual`.
    perceptual_shift: both pictures are moved by up to this many pixels before the perceptual loss, anew in each step
        (ours): a strided network looks at every second pixel harder, always the same ones, and the painter weaves.
    discriminator_width, discriminator_layers, discriminator_last_stride: see PatchDiscriminatorConfig.
    discriminator_spectral: spectral normalisation of the discriminator (SPADE, SEAN, SMIS; not pix2pixHD).
    ema: decay of the average.
    augment: probability of each differentiable augmentation.
    recolour: share of the pictures that are given other colours before anything sees them (ours).
    decay_from: fraction of the steps after which learning rates fall linearly, to `decay_to` of themselves.
    """

    lr_generator: float = 1e-4
    lr_discriminator: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.999)
    gan: Literal["hinge", "lsgan"] = "hinge"
    adversarial: float = 1.0
    feature_matching: float = 10.0
    perceptual: float = 10.0
    perceptual_network: Choice = "auto"
    perceptual_shift: int = 0
    l1: float = 0.0
    pyramid: float = 0.0
    discriminator_width: int = 64
    discriminator_layers: int = 3
    discriminator_last_stride: int = 2
    discriminator_spectral: bool = True
    ema: float = 0.999
    augment: float = 0.0
    recolour: float = 0.0
    decay_from: float = 0.5
    decay_to: float = 0.0


class GANTask(ABC):
    """One generator in training.

    Args:
        model: the generator's config; has `labels`.
        config: see `GANTaskConfig`.
        steps: the whole run's length, which the learning rates follow.
        device: where to compute.
    """

    def __init__(self, model: Any, config: GANTaskConfig, steps: int, device: torch.device) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        self.generator: Any = channels_last(self.build(sn=True), device)
        patch = PatchDiscriminatorConfig(
            model.labels + 3,
            config.discriminator_width,
            config.discriminator_layers,
            config.discriminator_last_stride,
        )
        self.discriminator = channels_last(MultiScaleDiscriminator(patch, sn=config.discriminator_spectral), device)
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
            self.perceptual = find_perceptual(config.perceptual_network, model.labels)
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
    def paint(self, real: Tensor, hot: Tensor) -> tuple[Tensor, Losses]:
        """Training: real (B, 3, H, W), hot (B, L, H, W) -> painted (B, 3, H, W), the system's own weighted losses."""

    @abstractmethod
    def reconstruct(self, generator: Any, image: Tensor, hot: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) painted from their own label maps and styles, nothing drawn at random."""

    @abstractmethod
    def rows(self, generator: Any, image: Tensor, hot: Tensor) -> list[Tensor]:
        """Rows of the sample sheet below the real pictures, each (B, 3, H, W)."""

    # ------------------------------------------------------------------ training

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update of the discriminator, then one of the generator, on one and the same painted picture."""
        self._set_rates(step)
        self.step = step
        config = self.config
        real = recolour(batch.image, config.recolour) if config.recolour else batch.image
        real = real.to(memory_format=torch.channels_last)
        hot = one_hot(batch.label_map, self.model.labels).to(memory_format=torch.channels_last)
        self.generator.train()
        fake, own = self.paint(real, hot)
        augmentation = Augmentation(len(real), real.shape[-1], config.augment, real.device)

        self.discriminator.requires_grad_(True)
        real_features, fake_features = self._judge(hot, real, fake.detach(), augmentation)
        yield "discriminator", {"discriminator": DISCRIMINATOR_LOSSES[config.gan](real_features, fake_features)}

        self.discriminator.requires_grad_(False)
        real_features, fake_features = self._judge(hot, real, fake, augmentation)
        losses = {
            "adversarial": config.adversarial * GENERATOR_LOSSES[config.gan](fake_features),
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

    def _judge(self, hot: Tensor, real: Tensor, fake: Tensor, augmentation: Augmentation) -> tuple[Features, Features]:
        """Discriminator features of real and painted pictures, in one batch as published."""
        hot_r, real_a = augmentation(hot, real)
        _, fake_a = augmentation(hot, fake.to(real.dtype))
        features = self.discriminator(torch.cat([hot_r, hot_r]), torch.cat([real_a, fake_a]))
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
        """Take the generator's new state into the average."""
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
        hot = one_hot(batch.label_map, self.model.labels)
        rows = [batch.image, *self.rows(self.averaged(), batch.image, hot)]
        return torch.cat([torch.cat(list(x.float()), dim=-1) for x in rows], dim=-2).clamp(-1, 1)

    @torch.no_grad()
    def validate(self, data: DatasetFolder) -> dict[str, float]:
        """PSNR of reconstructions and the Frechet distance of pooled features; score = PSNR - distance / 20."""
        generator, psnr = self.averaged(), []
        real_pooled, fake_pooled = [], []
        for start in range(0, len(data), BATCH):
            batch = data.batch(np.arange(start, min(start + BATCH, len(data))))
            image = batch.image.to(self.device)
            hot = one_hot(batch.label_map.to(self.device), self.model.labels)
            fake = self.reconstruct(generator, image, hot).float().clamp(-1, 1)
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

    def export(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """The averaged generator as plain convolutions."""
        return asdict(self.model), {k: v.contiguous() for k, v in self.averaged().state_dict().items()}

    def start_from(self, state: dict[str, Tensor]) -> list[str]:
        """Take over tensors of equal name and shape (a smaller network's blocks, before growing a block)."""
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
        return left

    def state_dict(self) -> dict[str, Any]:
        """The average."""
        return self.ema.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the average back."""
        self.ema.load_state_dict(state)
