"""What every generator that learns against a discriminator has in common: two networks, their rates, an average.

The hinge loss, least squares (pix2pixHD) or WGAN-GP, two rates (TTUR, Heusel et al., NeurIPS 2017), differentiable
augmentation of what the discriminator sees, an average of weights and statistics, and a discriminator that learns alone
for a while when it begins fresh under a trained generator. What pictures are made from is opaque here.

`engine.training.reconstruction` stands on it, for systems that paint pictures again from their own conditions; a
system that makes pictures of something else stands on it directly (`engine/systems/an_classes/task.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.errors import TrainingError
from engine.metrics.features import find_feature_net, load_feature_net
from engine.nn.blocks import channels_last
from engine.nn.feature_net import FeatureNet
from engine.nn.spectral import fold_spectral, settle_spectral
from engine.training.adam import FusedAdam
from engine.training.augment import Augmentation
from engine.training.ema import EMA
from engine.training.losses import (
    DISCRIMINATOR_LOSSES,
    GENERATOR_LOSSES,
    Features,
    Gan,
    OverScales,
    gradient_penalty,
)
from engine.training.phases import LOSSES, output_of, phase
from engine.training.recipe import Count, Share, Steps
from engine.training.task import Export, Losses, plain_config

ALONE = 300
"""Steps that a fresh discriminator learns by itself under a trained generator, unless the recipe says."""
GENERATOR, DISCRIMINATOR = "generator", "discriminator"


@dataclass(frozen=True)
class AdversarialTaskConfig:
    """How a generator and its discriminator learn.

    lr_generator, lr_discriminator, betas: Adam of the two (TTUR: papers 1e-4, 4e-4; SEAN's betas (0, 0.999)).
    gan: the adversarial loss. over_scales: it is averaged over the discriminator's scales (SPADE, SEAN, SMIS), or
        summed (pix2pixHD).
    adversarial: weight of the generator's adversarial loss.
    generator_alone: steps, the first of the run, in which the generator learns by its other losses alone.
    discriminator_alone: steps, the first after those, in which the discriminator alone learns (ours); none in a run
        from scratch, and `ALONE` (a quarter of a shorter run) where it begins fresh under a trained generator, which
        it would spoil: a SEAN's Frechet distance went from 272 to 388 in 120 steps.
    discriminator_updates: how often the discriminator learns before the generator does, on the same pictures.
    gradient_penalty: weight of "wgan-gp"'s (10 published).
    ema: decay of the average.
    augment: probability of each differentiable augmentation.
    decay_from: fraction of the steps after which learning rates fall linearly, to `decay_to` of themselves.
    """

    before: ClassVar[Mapping[str, Any]] = {}

    lr_generator: float = 1e-4
    lr_discriminator: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.999)
    gan: Gan = "hinge"
    over_scales: OverScales = "mean"
    adversarial: float = 1.0
    generator_alone: Steps = 0
    discriminator_alone: Steps | None = None
    discriminator_updates: Count = 1
    gradient_penalty: float = 10.0
    ema: Share = 0.999
    augment: Share = 0.0
    decay_from: Share = 0.5
    decay_to: Share = 0.0


@dataclass(frozen=True)
class Shown:
    """What the discriminator sees in both of its updates of a step: augmented, computed once.

    condition: (B, ...). real, fake: the views of B pictures each; one tensor (B, 3, H, W), or what a frozen network
        makes of them.
    """

    condition: Tensor
    real: list[Tensor]
    fake: list[Tensor]


class AdversarialTask(ABC):
    """One generator in training against one discriminator. A system's task says, by its methods:

    build, build_discriminator: the two networks, with fresh parameters.
    examples: the real pictures of a batch, and the condition (opaque: whatever `paint` takes) of each.
    paint: pictures from conditions, and losses of the system's own.
    shown_condition, views, features: what the discriminator sees of conditions and of pictures, and what it makes of
        them.
    rows, validate: what the sample sheet shows, and how good the averaged generator is.

    and may say: `generator_losses`, more losses of the generator's pictures; `regularisers`, losses of a network's own
    weights; `matching_losses`, and by `compares_features` that it has some: losses that compare the discriminator's
    features of real and painted pictures.

    Args:
        model: the generator's config.
        config: see `AdversarialTaskConfig`.
        steps: the whole run's length, which the learning rates follow.
        device: where to compute.

    features_network: what the Frechet distance looks through; None where it is not installed.
    """

    compares_features: ClassVar[bool] = False

    def __init__(self, model: Any, config: AdversarialTaskConfig, steps: int, device: torch.device) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        self.alone_steps = config.discriminator_alone or 0
        self.generator: Any = channels_last(self.build(sn=True), device)
        self.discriminator: Any = channels_last(self.build_discriminator(), device)
        self.modules: dict[str, nn.Module] = {GENERATOR: self.generator, DISCRIMINATOR: self.discriminator}
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            GENERATOR: FusedAdam(self.generator.parameters(), config.lr_generator, config.betas),
            DISCRIMINATOR: FusedAdam(self.discriminator.parameters(), config.lr_discriminator, config.betas),
        }
        self.ema = EMA(self.generator, config.ema)
        self.notes: tuple[str, ...] = ()
        self.features_network: FeatureNet | None = None
        if find_feature_net() is not None:
            self.features_network = channels_last(load_feature_net(), device)

    def facts(self) -> dict[str, Any]:
        """See `engine.training.task.Task.facts`."""
        return {"model": plain_config(self.model), "task": plain_config(self.config)}

    # ------------------------------------------------------------------ what a system says

    @abstractmethod
    def build(self, sn: bool) -> nn.Module:
        """A generator with fresh parameters, spectrally normalised if `sn`. Called before other attributes are set."""

    @abstractmethod
    def build_discriminator(self) -> nn.Module:
        """A discriminator with fresh parameters. Called once, after `build`."""

    @abstractmethod
    def examples(self, batch: Batch) -> tuple[Tensor, Any]:
        """A training batch's real pictures (B, 3, H, W) in [-1, 1], and what they are painted from."""

    @abstractmethod
    def paint(self, real: Tensor, condition: Any, step: int) -> tuple[Tensor, Losses]:
        """Painted pictures (B, 3, H, W), and the system's own weighted losses. `real`: what they are to look like."""

    @abstractmethod
    def shown_condition(self, condition: Any, augmentation: Augmentation) -> Tensor:
        """Conditions (B, ...) as the discriminator sees them, moved and cut as their pictures are."""

    @abstractmethod
    def views(self, pictures: Tensor, augmentation: Augmentation) -> list[Tensor]:
        """Pictures (B, 3, H, W) as the discriminator sees them, augmented."""

    @abstractmethod
    def features(self, condition: Tensor, views: list[Tensor]) -> Features:
        """The discriminator's features of conditions and views, of as many pictures as they have."""

    @abstractmethod
    def rows(self, generator: Any, batch: Batch) -> list[Tensor]:
        """Rows of the sample sheet below the real pictures, each (B, 3, H, W) in [-1, 1], by the averaged generator."""

    @abstractmethod
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """See `engine.training.task.Task.validate`."""

    def matching_losses(self, real_features: Features, fake_features: Features) -> Losses:
        """Weighted losses of the generator by the discriminator's features; asked for with `compares_features`."""
        return {}

    def generator_losses(self, real: Tensor, fake: Tensor) -> Losses:
        """Weighted losses of the generator that need no discriminator, of pictures (B, 3, H, W)."""
        return {}

    def regularisers(self, network: nn.Module) -> Losses:
        """Weighted losses of the weights of the generator or of the discriminator."""
        return {}

    # ------------------------------------------------------------------ training

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update of the discriminator, then one of the generator, on one and the same painted pictures."""
        config, discriminator_alone = self.config, self._discriminator_alone(step)
        with phase(LOSSES):
            self.set_rates(step)
            real, condition = self.examples(batch)
            self.generator.train()
        with phase(GENERATOR), torch.no_grad() if discriminator_alone else nullcontext():
            fake, own_losses = self.paint(real, condition, step)
            output_of(GENERATOR, fake)
        if step < config.generator_alone:
            with phase(LOSSES):
                losses = self.generator_losses(real, fake) | own_losses | self.regularisers(self.generator)
            if not losses:
                raise TrainingError(
                    "The generator has nothing to learn alone by: leave out generator_alone, or give it a loss beside "
                    "the discriminator's."
                )
            yield GENERATOR, losses
            return

        with phase(DISCRIMINATOR):
            shown = self._shown(condition, real, fake)
            self.discriminator.requires_grad_(True)
        for _ in range(config.discriminator_updates):
            yield DISCRIMINATOR, self._discriminator_losses(shown)
        if discriminator_alone:
            return

        with phase(DISCRIMINATOR):
            self.discriminator.requires_grad_(False)
            if self.compares_features:
                real_features, fake_features = self._features_of_both(shown)
            else:
                fake_features = self.features(shown.condition, shown.fake)
        with phase(LOSSES):
            adversarial_loss = GENERATOR_LOSSES[config.gan](fake_features, config.over_scales)
            losses = {"adversarial": config.adversarial * adversarial_loss}
            if self.compares_features:
                losses |= self.matching_losses(real_features, fake_features)
            losses |= self.generator_losses(real, fake) | own_losses | self.regularisers(self.generator)
        yield GENERATOR, losses

    def _discriminator_alone(self, step: int) -> bool:
        """Whether the generator rests in that step; what it learns alone, it has learnt before."""
        first_step = self.config.generator_alone
        return first_step <= step < first_step + self.alone_steps

    def _discriminator_losses(self, shown: Shown) -> Losses:
        config = self.config
        fixed = Shown(shown.condition, shown.real, [view.detach() for view in shown.fake])
        with phase(DISCRIMINATOR):
            real_features, fake_features = self._features_of_both(fixed)
        with phase(LOSSES):
            discriminator_loss = DISCRIMINATOR_LOSSES[config.gan](real_features, fake_features, config.over_scales)
            losses = {"discriminator": discriminator_loss} | self.regularisers(self.discriminator)
        if config.gan == "wgan-gp":
            with phase(DISCRIMINATOR):
                penalty = gradient_penalty(lambda views: self.features(fixed.condition, views), fixed.real, fixed.fake)
            losses["gradient_penalty"] = config.gradient_penalty * penalty
        return losses

    def _shown(self, condition: Any, real: Tensor, fake: Tensor) -> Shown:
        augmentation = Augmentation(len(real), real.shape[-1], self.config.augment, real.device)
        return Shown(
            self.shown_condition(condition, augmentation),
            self.views(real, augmentation),
            self.views(fake.to(real.dtype), augmentation),
        )

    def _features_of_both(self, shown: Shown) -> tuple[Features, Features]:
        """Discriminator features of real and painted pictures, in one batch as published."""
        conditions = torch.cat([shown.condition, shown.condition])
        both_views = [torch.cat([real_view, fake_view]) for real_view, fake_view in zip(shown.real, shown.fake)]
        features = self.features(conditions, both_views)
        real_count = len(shown.condition)
        real_features = [[layer[:real_count] for layer in scale] for scale in features]
        fake_features = [[layer[real_count:] for layer in scale] for scale in features]
        return real_features, fake_features

    def set_rates(self, step: int) -> None:
        """Both stay until `decay_from` of the steps, and fall from there in a line to `decay_to` of themselves."""
        config = self.config
        decay_progress = max(0.0, step / self.steps - config.decay_from) / max(1e-9, 1 - config.decay_from)
        rate_factor = 1 - (1 - config.decay_to) * decay_progress
        for network_name, learning_rate in (
            (GENERATOR, config.lr_generator),
            (DISCRIMINATOR, config.lr_discriminator),
        ):
            for param_group in self.optimizers[network_name].param_groups:
                param_group["lr"] = learning_rate * rate_factor

    def after_step(self, step: int) -> None:
        """Take the generator's new state into the average, if it learnt."""
        if not self._discriminator_alone(step):
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
        sheet_rows = [batch.pictures, *self.rows(self.averaged(), batch)]
        return torch.cat([torch.cat(list(row.float()), dim=-1) for row in sheet_rows], dim=-2).clamp(-1, 1)

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
        if self.config.discriminator_alone is None and mostly_trained and DISCRIMINATOR not in kept_modules:
            self.alone_steps = min(ALONE, self.steps // 4)
        return fresh_names

    def state_dict(self) -> dict[str, Any]:
        """The average, and how long the discriminator learns alone."""
        return self.ema.state_dict() | ({"alone_until": self.alone_steps} if self.alone_steps else {})

    def load_state_dict(self, task_state: dict[str, Any]) -> None:
        """Put them back."""
        self.ema.load_state_dict(task_state)
        self.alone_steps = int(task_state.get("alone_until", 0))
