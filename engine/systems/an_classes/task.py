"""Generator and discriminator of classes in training: hinge losses, and entities that are kept apart.

Article, section 4.1: the hinge losses. SAGAN (Zhang et al., 2019), section 4: Adam with betas (0, 0.9), rates 1e-4 and
4e-4, one update of each in turn. Ours: an average of weights and statistics, differentiable augmentation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.errors import Message
from engine.metrics.features import MOBILENET, find_feature_net, load_feature_net, pooled_features
from engine.metrics.frechet import frechet_distance
from engine.nn.attention import AttentiveNorm
from engine.nn.blocks import channels_last
from engine.nn.feature_net import FeatureNet
from engine.nn.spectral import fold_spectral, settle_spectral
from engine.systems.an_classes.maker import noise_of
from engine.systems.an_classes.network import (
    ClassDiscriminator,
    ClassDiscriminatorConfig,
    ClassGenerator,
    ClassGeneratorConfig,
)
from engine.training.adam import FusedAdam
from engine.training.adversarial import ALONE
from engine.training.augment import Augmentation
from engine.training.ema import EMA
from engine.training.task import Export, Losses, plain_config
from engine.weights.feature_networks import install_folder

BATCH = 50
"""Pictures of the validation split that are looked at at once."""
MOST_JUDGED = 1000
PIXELS = 4
"""Side of the tiny pictures whose distance is the score where there is no feature network."""


@dataclass(frozen=True)
class ClassTaskConfig:
    """How a generator of classes is trained.

    lr_generator, lr_discriminator, betas: Adam of the two.
    discriminator_width: see `ClassDiscriminatorConfig`; the generator's unless given.
    orthogonality: weight of the loss that keeps the entities of attentive normalization apart (1e-3 in the published
        code).
    discriminator_alone: steps, the first of the run, in which the discriminator alone learns; see
        `engine.training.adversarial.AdversarialTaskConfig`.
    augment: probability of each differentiable augmentation.
    ema: decay of the average.
    decay_from: fraction of the steps after which learning rates fall linearly to 0.
    """

    lr_generator: float = 1e-4
    lr_discriminator: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.9)
    discriminator_width: int = 0
    orthogonality: float = 1e-3
    discriminator_alone: int | None = None
    augment: float = 0.0
    ema: float = 0.999
    decay_from: float = 1.0
    before: ClassVar[Mapping[str, Any]] = {}


class ClassTask:
    """One generator of classes against its discriminator; a batch's pictures come with the numbers of their classes."""

    def __init__(
        self,
        model: ClassGeneratorConfig,
        config: ClassTaskConfig,
        steps: int,
        device: torch.device,
        dataset: DataSet,
    ) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        discriminator_config = ClassDiscriminatorConfig(
            classes=model.classes,
            resolution=model.resolution,
            width=config.discriminator_width or model.width,
            attention=model.attention,
            attentive=model.attentive,
        )
        self.generator: Any = channels_last(ClassGenerator(model, sn=True), device)
        self.discriminator: Any = channels_last(ClassDiscriminator(discriminator_config, sn=True), device)
        self.modules: dict[str, nn.Module] = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "generator": FusedAdam(self.generator.parameters(), config.lr_generator, config.betas),
            "discriminator": FusedAdam(self.discriminator.parameters(), config.lr_discriminator, config.betas),
        }
        self.ema = EMA(self.generator, config.ema)
        self.alone_until = config.discriminator_alone or 0
        self.features: FeatureNet | None = None
        self.notes: tuple[str, ...] = ()
        if find_feature_net() is not None:
            self.features = channels_last(load_feature_net(), device)
        else:
            self.notes = (
                Message(
                    "The feature network {0} is not installed: training validates by the colours of tiny pictures "
                    "alone; put its two files into {1} for a Frechet distance.",
                    MOBILENET,
                    install_folder(),
                ),
            )

    def facts(self) -> dict[str, Any]:
        """As `engine.training.task.Task.facts`: no frozen network trains it."""
        return {"model": plain_config(self.model), "task": plain_config(self.config)}

    # ------------------------------------------------------------------ training

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update of the discriminator, then one of the generator, on one and the same pictures."""
        self._set_rates(step)
        real, classes = batch.pictures.to(memory_format=torch.channels_last), batch["classes"]
        z = torch.randn(len(real), self.model.latent, device=real.device)
        self.generator.train()
        fake = self.generator(z, self._shares(classes))
        augmentation = Augmentation(len(real), real.shape[-1], self.config.augment, real.device)
        real_shown, fake_shown = augmentation.picture(real), augmentation.picture(fake)

        self.discriminator.requires_grad_(True)
        both = torch.cat([real_shown, fake_shown.detach()])
        real_scores, fake_scores = self.discriminator(both, torch.cat([classes, classes])).float().chunk(2)
        hinge = F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()
        yield "discriminator", {"discriminator": hinge} | self._apart(self.discriminator)
        if step < self.alone_until:
            return

        self.discriminator.requires_grad_(False)
        adversarial = -self.discriminator(fake_shown, classes).float().mean()
        yield "generator", {"adversarial": adversarial} | self._apart(self.generator)

    def _shares(self, classes: Tensor) -> Tensor:
        return F.one_hot(classes, self.model.classes).float()

    def _apart(self, network: nn.Module) -> Losses:
        """The weighted loss that keeps a network's entities apart, where it has any."""
        if not self.config.orthogonality:
            return {}
        terms = [module.orthogonality() for module in network.modules() if isinstance(module, AttentiveNorm)]
        return {"orthogonality": self.config.orthogonality * torch.stack(terms).sum()} if terms else {}

    def _set_rates(self, step: int) -> None:
        config = self.config
        left = 1 - max(0.0, step / self.steps - config.decay_from) / max(1e-9, 1 - config.decay_from)
        for name, rate in (("generator", config.lr_generator), ("discriminator", config.lr_discriminator)):
            for group in self.optimizers[name].param_groups:
                group["lr"] = rate * left

    def after_step(self, step: int) -> None:
        """Take the generator's new state into the average, if it learnt."""
        if step >= self.alone_until:
            self.ema.update(self.generator)

    # ------------------------------------------------------------------ results

    def averaged(self) -> ClassGenerator:
        """The averaged generator, spectral norm folded, in evaluation mode."""
        generator = ClassGenerator(self.model, sn=True)
        generator.load_state_dict(self.ema.state)
        fold_spectral(generator)
        return channels_last(generator, self.device).eval()

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        """A row of real pictures above a row of made ones for each class, the same noise in each column."""
        generator, count = self.averaged(), len(batch.pictures)
        z = torch.stack([noise_of(seed, self.model.latent) for seed in range(count)]).to(self.device)
        rows = [batch.pictures]
        for class_id in range(self.model.classes):
            rows.append(generator(z, self._shares(torch.full((count,), class_id, device=self.device))))
        return torch.cat([torch.cat(list(row.float()), dim=-1) for row in rows], dim=-2).clamp(-1, 1)

    @torch.no_grad()
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """The Frechet distance between real pictures and as many made ones of the same classes; score = - distance."""
        generator = self.averaged()
        real_rows, fake_rows, real_tiny, fake_tiny = [], [], [], []
        for first in range(0, min(len(dataset), MOST_JUDGED), BATCH):
            indices = np.arange(first, min(first + BATCH, len(dataset), MOST_JUDGED))
            batch = dataset.batch(indices).to(self.device)
            z = torch.stack([noise_of(int(seed), self.model.latent) for seed in indices]).to(self.device)
            made = generator(z, self._shares(batch["classes"])).float()
            real_tiny.append(F.adaptive_avg_pool2d(batch.pictures, PIXELS).flatten(1))
            fake_tiny.append(F.adaptive_avg_pool2d(made, PIXELS).flatten(1))
            if self.features is not None:
                real_rows.append(pooled_features(self.features, batch.pictures))
                fake_rows.append(pooled_features(self.features, made))
        numbers = {"frechet_pixels": frechet_distance(torch.cat(real_tiny), torch.cat(fake_tiny))}
        if real_rows:
            numbers["fid_mobilenet_v2"] = frechet_distance(torch.cat(real_rows), torch.cat(fake_rows))
        numbers["score"] = -numbers.get("fid_mobilenet_v2", numbers["frechet_pixels"])
        return numbers

    def export(self) -> Export:
        """The averaged generator as plain convolutions."""
        state = self.averaged().state_dict()
        return Export(asdict(self.model), {name: tensor.contiguous() for name, tensor in state.items()})

    def start_from(self, exported_state: dict[str, Tensor], kept_modules: Collection[str] = ()) -> list[str]:
        """Take over tensors of equal name and shape.

        A discriminator that is not among `kept_modules` learns alone for a while, if most of the generator has learnt
        already: it would spoil it.
        """
        state = self.generator.state_dict()
        fresh_names = []
        for name in state:
            exported = exported_state.get(name.replace("parametrizations.weight.original", "weight"))
            if exported is None or exported.shape != state[name].shape:
                fresh_names.append(name)
            else:
                state[name].copy_(exported)
        settle_spectral(self.generator)
        self.ema = EMA(self.generator, self.config.ema)
        fresh_count = sum(state[name].numel() for name in fresh_names)
        mostly_trained = fresh_count < sum(tensor.numel() for tensor in state.values()) / 2
        if self.config.discriminator_alone is None and mostly_trained and "discriminator" not in kept_modules:
            self.alone_until = min(ALONE, self.steps // 4)
        return fresh_names

    def state_dict(self) -> dict[str, Any]:
        """The average, and how long the discriminator learns alone."""
        return self.ema.state_dict() | {"alone_until": self.alone_until}

    def load_state_dict(self, task_state: dict[str, Any]) -> None:
        """Put them back."""
        self.ema.load_state_dict(task_state)
        self.alone_until = int(task_state["alone_until"])
