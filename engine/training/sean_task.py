"""SEAN in training: reconstruct a picture from its label map and its own styles (paper, section 3.3).

Hinge loss, feature matching and a perceptual loss as published; ours in addition: L1 on the picture and on pooled
pictures, differentiable augmentation of what the discriminator sees, an average of weights and statistics.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.folder import Batch, DatasetFolder
from engine.metrics.features import MOBILENET, find_feature_net, install_folder, load_feature_net, pooled_features
from engine.models.sean import SEANConfig, SEANGenerator
from engine.nn.blocks import channels_last, fold_spectral, one_hot, settle_spectral
from engine.nn.discriminators import MultiScaleDiscriminator, PatchDiscriminatorConfig
from engine.nn.feature_net import FeatureNet, perceptual_loss
from engine.training.augment import Augmentation
from engine.training.ema import EMA
from engine.training.losses import feature_matching, hinge_discriminator, hinge_generator, pyramid_l1
from engine.training.task import Losses


@dataclass(frozen=True)
class SEANTaskConfig:
    """How a SEAN is trained.

    lr_generator, lr_discriminator, betas: Adam of the two (TTUR: paper 1e-4, 4e-4, (0, 0.999)).
    adversarial, feature_matching, perceptual, l1, pyramid: weights of the losses; 0 leaves one out. perceptual
    counts only where its feature network is installed.
    discriminator_width, discriminator_layers, discriminator_last_stride: see PatchDiscriminatorConfig.
    ema: decay of the average.
    augment: probability of each differentiable augmentation.
    decay_from: fraction of the steps after which learning rates fall linearly, to `decay_to` of themselves.
    contracted: evaluate style branches by contraction (same numbers, faster).
    """

    lr_generator: float = 1e-4
    lr_discriminator: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.999)
    adversarial: float = 1.0
    feature_matching: float = 10.0
    perceptual: float = 10.0
    l1: float = 0.0
    pyramid: float = 0.0
    discriminator_width: int = 64
    discriminator_layers: int = 3
    discriminator_last_stride: int = 2
    ema: float = 0.999
    augment: float = 0.0
    decay_from: float = 0.5
    decay_to: float = 0.0
    contracted: bool = True


class SEANTask:
    """See the module. `steps` is the whole run's length, which the learning rates follow."""

    def __init__(self, model: SEANConfig, config: SEANTaskConfig, steps: int, device: torch.device) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        self.generator = channels_last(SEANGenerator(model, sn=True), device)
        patch = PatchDiscriminatorConfig(
            model.labels + 3,
            config.discriminator_width,
            config.discriminator_layers,
            config.discriminator_last_stride,
        )
        self.discriminator = channels_last(MultiScaleDiscriminator(patch, sn=True), device)
        self.modules: dict[str, nn.Module] = {
            "generator": self.generator,
            "discriminator": self.discriminator,
        }
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "generator": torch.optim.Adam(self.generator.parameters(), config.lr_generator, config.betas),
            "discriminator": torch.optim.Adam(
                self.discriminator.parameters(), config.lr_discriminator, config.betas
            ),
        }
        self.ema = EMA(self.generator, config.ema)
        self.features: FeatureNet | None = None
        self.notes: tuple[str, ...] = ()
        if config.perceptual and find_feature_net() is not None:
            self.features = channels_last(load_feature_net(), device)
        elif config.perceptual:
            self.notes = (
                f"The feature network {MOBILENET} is not installed: training goes on without the perceptual loss and "
                f"without its Frechet distance; put its two files into {install_folder()} for better weights.",
            )

    # ------------------------------------------------------------------ training

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update of the discriminator, then one of the generator, on one and the same painted picture."""
        self._set_rates(step)
        config = self.config
        real = batch.image.to(memory_format=torch.channels_last)
        hot = one_hot(batch.label_map, self.model.labels).to(memory_format=torch.channels_last)
        self.generator.train()
        codes, _ = self.generator.encode(real, hot)
        fake = self.generator(hot, codes, self._fresh_noise(len(real)), config.contracted)
        augmentation = Augmentation(len(real), real.shape[-1], config.augment, real.device)

        self.discriminator.requires_grad_(True)
        real_features, fake_features = self._judge(hot, real, fake.detach(), augmentation)
        yield "discriminator", {"discriminator": hinge_discriminator(real_features, fake_features)}

        self.discriminator.requires_grad_(False)
        real_features, fake_features = self._judge(hot, real, fake, augmentation)
        losses = {
            "adversarial": config.adversarial * hinge_generator(fake_features),
            "feature_matching": config.feature_matching * feature_matching(real_features, fake_features),
        }
        if self.features is not None:
            losses["perceptual"] = config.perceptual * perceptual_loss(self.features, fake, real)
        if config.l1:
            losses["l1"] = config.l1 * (fake.float() - real).abs().mean()
        if config.pyramid:
            losses["pyramid"] = config.pyramid * pyramid_l1(real, fake)
        yield "generator", losses

    def _judge(self, hot: Tensor, real: Tensor, fake: Tensor, augmentation: Augmentation) -> Any:
        """Discriminator features of real and painted pictures, in one batch as published."""
        hot_r, real_a = augmentation(hot, real)
        _, fake_a = augmentation(hot, fake.to(real.dtype))
        features = self.discriminator(torch.cat([hot_r, hot_r]), torch.cat([real_a, fake_a]))
        half = len(real)
        return [[f[:half] for f in scale] for scale in features], [
            [f[half:] for f in scale] for scale in features
        ]

    def _fresh_noise(self, batch: int) -> Any:
        return lambda layer, height, width: torch.randn(batch, 1, height, width, device=self.device)

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

    def averaged(self) -> SEANGenerator:
        """The averaged generator, spectral norm folded, in evaluation mode."""
        copy = SEANGenerator(self.model, sn=True)
        copy.load_state_dict(self.ema.state)
        fold_spectral(copy)
        return channels_last(copy, self.device).eval()

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        """Rows per picture: real, reconstruction, painted with the next picture's styles."""
        generator = self.averaged()
        hot = one_hot(batch.label_map, self.model.labels)
        codes, present = generator.encode(batch.image, hot)
        mean = codes.sum(0, keepdim=True) / present.sum(0)[None, None, :, None].clamp(min=1)
        own = generator(hot, codes, contracted=True)
        shown = torch.roll(present, 1, 0)[:, None, :, None]
        swapped = generator(hot, torch.where(shown, torch.roll(codes, 1, 0), mean), contracted=True)
        rows = torch.cat([torch.cat(list(x.float()), dim=-1) for x in (batch.image, own, swapped)], dim=-2)
        return rows.clamp(-1, 1)

    @torch.no_grad()
    def validate(self, data: DatasetFolder) -> dict[str, float]:
        """PSNR of reconstructions and the Frechet distance of pooled features; score = PSNR - distance / 20."""
        from engine.metrics.frechet import frechet_distance

        generator, psnr = self.averaged(), []
        real_pooled, fake_pooled = [], []
        for start in range(0, len(data), 10):
            batch = data.batch(np.arange(start, min(start + 10, len(data))))
            image, hot = (
                batch.image.to(self.device),
                one_hot(batch.label_map.to(self.device), self.model.labels),
            )
            codes, _ = generator.encode(image, hot)
            fake = generator(hot, codes, contracted=True).float().clamp(-1, 1)
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
        return {"ema": self.ema.state, "updates": self.ema.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the average back."""
        for key, value in state["ema"].items():
            self.ema.state[key].copy_(value)
        self.ema.updates = int(state["updates"])
