"""How pixels far apart come to agree: Attentive Normalization (Wang et al., CVPR 2020), and self-attention beside it
(SAGAN, Zhang et al., ICML 2019).

Attentive normalization normalises a feature map region by region, and finds the regions in the map itself. A picture is
taken to consist of n entities. Where each of them lies (the soft layout) follows from how well a feature
agrees with the entity's filter; every region then gets mean 0 and spread 1 of its own, so that pixels far apart that
show one thing come to look alike. Cost grows linearly with the pixels, where self-attention's grows with their square.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.spectral import spectral

Moments = Literal["weighted", "masked"]
EPSILON = 1e-5


@dataclass(frozen=True)
class AttentiveConfig:
    """What can be chosen about the module.

    entities: n, how many regions there can be (16 published, for 128 x 128 and 256 x 256).
    temperature: tau of the soft layout; smaller is softer (0.1 published).
    sampled: entities are also drawn from the map while training (section 3.1, self-sampling regularisation). Without
        it one entity tends to take all pixels.
    pool: side of the max pooling that key features go through before they are drawn, so that what stands out is.
    affine: a scale and an offset per entity and channel after normalising (equation 4; the authors' results are
        without).
    moments: "weighted", mean and spread of the map's pixels weighed by the soft layout; "masked" as the article writes
        it, of the map times the soft layout, whose spread is no spread of anything while the layout is near uniform.
    """

    entities: int = 16
    temperature: float = 0.1
    sampled: bool = True
    pool: int = 2
    affine: bool = False
    moments: Moments = "weighted"

    def __post_init__(self) -> None:
        if self.entities < 1 or self.pool < 1 or not self.temperature > 0:
            raise ConfigError("attentive normalization needs an entity, a pool side of 1 and a temperature above 0")


class AttentiveNorm(nn.Module):
    """AN(X) = rho * normalised(X) + X (equation 5). A new one changes nothing: rho begins at 0.

    Random positions are drawn while training only; in use the same map gives the same result.
    """

    def __init__(self, channels: int, config: AttentiveConfig | None = None) -> None:
        """`channels`: C of the maps that pass through."""
        super().__init__()
        self.config = config = config or AttentiveConfig()
        reduced = max(1, channels // 8)  # as the published code has it; the article does not say
        self.entity_filters = nn.Conv2d(channels, config.entities, 1, bias=False)
        self.key = nn.Conv2d(channels, reduced, 1)
        self.query = nn.Conv2d(channels, reduced, 1)
        self.sampled_share = nn.Parameter(torch.full((1, config.entities, 1, 1), 0.1))  # t
        self.residual = nn.Parameter(torch.zeros(1))  # rho
        if config.affine:
            self.scale = nn.Parameter(torch.ones(config.entities, channels))  # beta
            self.offset = nn.Parameter(torch.zeros(config.entities, channels))  # alpha
        nn.init.orthogonal_(self.entity_filters.weight.flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        return self.residual * self.normalised(x, self.soft_layout(x)) + x

    def soft_layout(self, x: Tensor) -> Tensor:
        """Where each entity lies: (B, C, H, W) -> (B, n, H, W), at each pixel n shares whose sum is 1 (section 3.2)."""
        activations = self.entity_filters(x)
        if self.training and self.config.sampled:
            activations = self.sampled_share * self._sampled_activations(x) + activations
        return (self.config.temperature * activations).softmax(dim=1)

    def normalised(self, x: Tensor, layout: Tensor) -> Tensor:
        """Each region with mean 0 and spread 1, times its scale, plus its offset, put together by the layout (section
        3.3, equation 4): (B, C, H, W) and (B, n, H, W) -> (B, C, H, W).

        The sum over entities of S_i * ((x - mean_i) / spread_i * scale_i + offset_i) is x times one map plus another
        map, each a product of the layout and a (n, C) matrix: nothing of n * C * H * W numbers is ever made.
        """
        mean, spread = region_moments(x, layout, self.config.moments)
        slope = 1 / (spread + EPSILON)
        if self.config.affine:
            slope = self.scale * slope
        shift = -mean * slope
        if self.config.affine:
            shift = shift + self.offset
        return x * _spread_out(slope, layout) + _spread_out(shift, layout)

    def orthogonality(self) -> Tensor:
        """||W W^T - I||_F^2 of the entities' filters W (n, C), a scalar: it keeps entities apart (equation 1)."""
        filters = self.entity_filters.weight.flatten(1)
        return (filters @ filters.T - torch.eye(len(filters), device=filters.device)).square().sum()

    def _sampled_activations(self, x: Tensor) -> Tensor:
        """How far each pixel agrees with n pixels drawn from its own map (equation 2): (B, C, H, W) -> (B, n, H, W)."""
        keys = self.key(x)
        if min(keys.shape[2:]) >= self.config.pool:
            keys = F.max_pool2d(keys, self.config.pool)
        keys = keys.flatten(2)  # (B, reduced, positions)
        positions = torch.rand(len(x), keys.shape[2], device=x.device).argsort(dim=1)  # in random order
        repeats = -(-self.config.entities // keys.shape[2])  # over 1 where there are fewer positions than entities
        drawn = positions.repeat(1, repeats)[:, : self.config.entities]
        sampled_keys = keys.gather(2, drawn[:, None].expand(-1, keys.shape[1], -1))  # (B, reduced, n)
        query = self.query(x)
        return (sampled_keys.transpose(1, 2) @ query.flatten(2)).unflatten(2, query.shape[2:])


def region_moments(x: Tensor, layout: Tensor, moments: Moments = "weighted") -> tuple[Tensor, Tensor]:
    """Mean and spread of each soft region and channel: (B, C, H, W) and (B, n, H, W) -> two of (B, n, C).

    weighted: m = sum S x / sum S, spread^2 = sum S (x - m)^2 / sum S. masked: m as before, which is the mean of S x
    over the region's mass; spread^2 = sum (S x - m)^2 / sum S over all pixels, as the authors' notes have it.

    Both are made by matrix products between layout and map. Channels are centred first, since a variance taken from
    squares loses its digits where the mean is large.
    """
    centre = x.mean(dim=(2, 3), keepdim=True)
    shares = layout.flatten(2)  # (B, n, HW)
    mass = shares.sum(dim=2, keepdim=True) + EPSILON  # (B, n, 1)
    if moments == "weighted":
        pixels = (x - centre).flatten(2).transpose(1, 2)  # (B, HW, C)
        mean = shares @ pixels / mass
        variance = shares @ pixels.square() / mass - mean.square()
        return mean + centre.flatten(1)[:, None], _root(variance)
    pixels = x.flatten(2).transpose(1, 2)
    mean = shares @ pixels / mass
    squares = shares.square() @ pixels.square() - 2 * mean * (shares @ pixels) + pixels.shape[1] * mean.square()
    return mean, _root(squares / mass)


def _root(variance: Tensor) -> Tensor:
    """Its square root, with a gradient at 0 too: rounding can leave a variance at 0 or below."""
    return variance.clamp(min=EPSILON**2).sqrt()


def _spread_out(values: Tensor, layout: Tensor) -> Tensor:
    """One value per entity and channel, (B, n, C), on every pixel by its shares (B, n, H, W): (B, C, H, W)."""
    return (values.transpose(1, 2) @ layout.flatten(2)).unflatten(2, layout.shape[2:])


class SelfAttention(nn.Module):
    """All pixels of a map see all others: y = gamma * attended(x) + x (SAGAN, section 3, equation 3).

    A new one changes nothing: gamma begins at 0. Time and memory grow with the square of the pixels. As in the
    published code keys and values are max-pooled to a quarter of the pixels, which changes the factor and not the
    growth.
    """

    def __init__(self, channels: int, sn: bool = False) -> None:
        """`channels`: C of the maps that pass through. `sn`: spectral normalisation, as published."""
        super().__init__()
        reduced, values = max(1, channels // 8), max(1, channels // 2)
        self.query = spectral(nn.Conv2d(channels, reduced, 1, bias=False), sn)
        self.key = spectral(nn.Conv2d(channels, reduced, 1, bias=False), sn)
        self.value = spectral(nn.Conv2d(channels, values, 1, bias=False), sn)
        self.out = spectral(nn.Conv2d(values, channels, 1, bias=False), sn)
        self.residual = nn.Parameter(torch.zeros(1))  # gamma

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        query = self.query(x).flatten(2).transpose(1, 2)  # (B, HW, C / 8)
        key, value = _quarter(self.key(x)).flatten(2), _quarter(self.value(x)).flatten(2)
        attention = (query @ key).softmax(dim=2)  # (B, HW, HW / 4): each pixel's shares of all positions
        attended = (value @ attention.transpose(1, 2)).unflatten(2, x.shape[2:])
        return self.residual * self.out(attended) + x


def _quarter(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2) if min(x.shape[2:]) >= 2 else x
