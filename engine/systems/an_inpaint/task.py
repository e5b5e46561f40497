"""The network that fills holes in training: it learns to put back what was cut out, then to look real as well.

Article, section 4.2: a reconstruction and an adversarial term, critics with a gradient penalty. Ours: the other
systems' discriminators as a choice, holes that are both rectangles and free forms, fillings that vary with a latent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from msgspec import Meta
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.errors import ConfigError
from engine.systems.an_inpaint.critics import CriticConfig, Critics
from engine.systems.an_inpaint.holes import NUMBERS, Shape, discounted, hole_numbers, holes
from engine.systems.an_inpaint.network import InpaintConfig, InpaintNetwork
from engine.training.adversarial import AdversarialTaskConfig
from engine.training.augment import Augmentation
from engine.training.discriminators import DiscriminatorConfig
from engine.training.losses import entities_apart
from engine.training.recipe import Share
from engine.training.reconstruction import Reconstruction, ReconstructionTask, ReconstructionTaskConfig
from engine.training.task import Losses

POOLED = 4
"""Side of the squares whose mean colours two fillings of a hole are compared by."""


@dataclass(frozen=True)
class InpaintTaskConfig(AdversarialTaskConfig, DiscriminatorConfig, ReconstructionTaskConfig):
    """How the network that fills holes is trained.

    shape, least_share, most_share: of holes; see `holes.holes`.
    inside, outside: weights of the mean absolute difference of both stages from the picture, in the hole and outside.
    discount: how much less a pixel counts the deeper in the hole it is; see `holes.discounted`.
    orthogonality: weight of the loss that keeps the entities of attentive normalization apart.
    variety: weight of the loss that two fillings by other latents are too alike (ours, after Mao et al., CVPR 2019);
        nothing where the network has no latent.
    varied: mean absolute difference in the hole, of colours in [-1, 1] averaged over small squares, at which two
        fillings are different enough.
    critics: critics of the whole picture and of the hole, as published (with `gan` "wgan-gp"), instead of
        `discriminator`.
    """

    shape: Shape = "both"
    least_share: Share = 0.05
    most_share: Share = 0.5
    inside: float = 1.4
    outside: float = 1.2
    discount: Share = 0.99
    orthogonality: float = 1e-3
    variety: float = 0.0
    varied: Annotated[float, Meta(gt=0)] = 0.1
    critics: bool = False

    def __post_init__(self) -> None:
        if self.least_share > self.most_share:
            raise ConfigError("least_share {0} is more than most_share {1}", self.least_share, self.most_share)


class Holes:
    """What a picture is painted from besides itself: a hole (B, 1, H, W), drawn; the discriminator sees it too."""

    channels = 1

    def __init__(self, config: InpaintTaskConfig) -> None:
        self.shape, self.shares = config.shape, (config.least_share, config.most_share)

    def of(self, batch: Batch, *, training: bool = False) -> Tensor:
        """In training the step's own; else those of the places in the batch, always the same."""
        pictures = batch.pictures
        if training:
            numbers = torch.rand(len(pictures), NUMBERS, device=pictures.device)
        else:
            numbers = hole_numbers(range(len(pictures))).to(pictures.device)
        return holes(numbers, pictures.shape[-1], self.shares, self.shape)

    def shown(self, condition: Tensor, augmentation: Augmentation) -> Tensor:
        """Holes, moved and cut."""
        return augmentation.labels(condition)


class Filling(Reconstruction):
    """How holes are filled in training, and what is compared."""

    model: InpaintConfig
    config: InpaintTaskConfig

    def build(self, sn: bool) -> nn.Module:
        """See `Reconstruction.build`; the published network has no spectral norm."""
        return InpaintNetwork(self.model)

    def build_discriminator(self, condition_channels: int) -> nn.Module:
        """The published critics, or the one that the recipe chose."""
        if not self.config.critics:
            return super().build_discriminator(condition_channels)
        return Critics(CriticConfig(self.model.resolution, self.config.discriminator_width))

    def paint(self, generator: Any, real: Tensor, condition: Tensor, step: int) -> tuple[Tensor, Losses]:
        """The picture with its hole filled, and the losses of both stages."""
        config, hole = self.config, condition
        coarse, fine = generator(real, hole, self._latents(len(real), real.device))
        weights = discounted(hole, config.discount)
        difference = (coarse.float() - real).abs() + (fine.float() - real).abs()
        losses = {
            "inside": config.inside * _mean_over(difference * weights, hole),
            "outside": config.outside * _mean_over(difference * (1 - hole), 1 - hole),
        }
        losses |= entities_apart(generator, config.orthogonality)
        if config.variety and self.model.latent and step >= config.generator_alone:
            other_latents = self._latents(len(real), real.device)
            second_filling = generator.refined(real, hole, coarse.detach(), other_latents)
            alike = 1 - _pooled_difference(fine, second_filling, hole) / config.varied
            losses["variety"] = config.variety * F.relu(alike).mean()
        return torch.lerp(real, fine.to(real.dtype), hole), losses

    def reconstruct(self, generator: Any, real: Tensor, condition: Tensor) -> Tensor:
        """The hole filled by the middle of the latents."""
        _, fine = generator(real, condition, self._no_latents(real))
        return torch.lerp(real, fine, condition)

    def rows(self, generator: Any, real: Tensor, condition: Tensor) -> list[Tensor]:
        """The picture with its hole, filled coarsely, filled, and filled in another way if the network can."""
        coarse, fine = generator(real, condition, self._no_latents(real))
        rows = [real * (1 - condition), torch.lerp(real, coarse, condition), torch.lerp(real, fine, condition)]
        if self.model.latent:
            seeded = torch.Generator().manual_seed(1)
            z = torch.randn(len(real), self.model.latent, generator=seeded).to(real.device)
            rows.append(torch.lerp(real, generator.refined(real, condition, coarse, z), condition))
        return rows

    def measures(self, generator: Any, real: Tensor, condition: Tensor) -> dict[str, float]:
        """PSNR in the hole, and how much two fillings differ there."""
        filled = self.reconstruct(generator, real, condition).float()
        square = _mean_over(((filled - real) / 2).square() * condition, condition)
        numbers = {"psnr_hole": float(-10 * square.log10())}
        if self.model.latent:
            *_, first, second = self.rows(generator, real, condition)
            numbers["variety"] = float(_pooled_difference(first, second, condition).mean())
        return numbers

    def _latents(self, count: int, device: torch.device) -> Tensor | None:
        return torch.randn(count, self.model.latent, device=device) if self.model.latent else None

    def _no_latents(self, real: Tensor) -> Tensor | None:
        return torch.zeros(len(real), self.model.latent, device=real.device) if self.model.latent else None


def make_task(
    model: InpaintConfig, config: InpaintTaskConfig, steps: int, device: torch.device, dataset: DataSet
) -> ReconstructionTask:
    """See `engine.training.task.MakeTask`."""
    return ReconstructionTask(Filling(model, config), Holes(config), config, steps, device, dataset)


def _mean_over(values: Tensor, where: Tensor) -> Tensor:
    """Mean of (B, 3, H, W), already 0 elsewhere, over the pixels `where` (B, 1, H, W) is 1."""
    return values.sum() / (values.shape[1] * where.sum()).clamp(min=1)


def _pooled_difference(first: Tensor, second: Tensor, hole: Tensor) -> Tensor:
    """(B,): mean absolute difference in the hole of two pictures' small squares."""
    differences = F.avg_pool2d((first.float() - second.float()) * hole, POOLED).abs().mean(dim=1, keepdim=True)
    return differences.sum(dim=(1, 2, 3)) / F.avg_pool2d(hole, POOLED).sum(dim=(1, 2, 3)).clamp(min=1e-6)
