"""Spectral normalisation (Miyato et al. 2018) in training: torch's, with fewer passes over the weights.

Same buffers, same names, same numbers as `torch.nn.utils.parametrizations.spectral_norm`. It copies channels-last
weights for its matrix products and again for their gradients; here the matrix is a view, whatever the layout, and
nothing is computed twice: two products and a division forth, a product and a rank-one update back. In networks whose
weights are large and whose pictures are small (SEAN as published, 128 x 128) the difference is a tenth of a step.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import _SpectralNorm

ITERATIONS = 30
"""Of the power iteration, after which singular vectors of trained weights have settled."""


class SpectralNorm(_SpectralNorm):
    """torch's spectral norm whose matrix is a view of the weight, with a backward pass of its own."""

    def forward(self, weight: Tensor) -> Tensor:
        """weight (O, ...) -> weight / its largest singular value as a matrix (O, rest), by power iteration."""
        last = _channels_last(weight)
        with torch.no_grad(), torch.autocast(weight.device.type, enabled=False):
            matrix = _as_matrix(weight.detach(), last)
            u, v = self._u, _reordered(self._v, weight, last)
            towards_v = None
            if self.training:
                for _ in range(self.n_power_iterations):
                    u = F.normalize(matrix @ v, dim=0, eps=self.eps)
                    towards_v = matrix.T @ u
                    v = F.normalize(towards_v, dim=0, eps=self.eps)
                self._u.copy_(u)
                self._v.copy_(_put_back(v, weight, last))
            else:
                u = u.clone()
            # u^T W v; while training, W^T u is what the last iteration has just computed
            sigma = u @ (matrix @ v) if towards_v is None else towards_v @ v
        result: Tensor = _Divided.apply(weight, u, v, sigma, last)
        return result


class _Divided(torch.autograd.Function):
    """y = W / sigma with sigma = u^T W v, u and v held fixed: the gradient to W is (G - <G, y> u v^T) / sigma."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, u: Tensor, v: Tensor, sigma: Tensor, last: bool) -> Tensor:
        result = weight * sigma.reciprocal()
        ctx.save_for_backward(result, u, v, sigma)
        ctx.last = last
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        result, u, v, sigma = ctx.saved_tensors
        layout = torch.channels_last if ctx.last else torch.contiguous_format
        grad = grad.contiguous(memory_format=layout)
        flat = _as_matrix(grad, ctx.last)
        share = torch.dot(flat.flatten(), _as_matrix(result, ctx.last).flatten())
        inverse_sigma = sigma.reciprocal()  # stays a tensor, as does `share`: a number would make the card's queue wait
        towards = (flat * inverse_sigma).addr_(u * (-share * inverse_sigma), v)
        if ctx.last:
            rows, columns, height, width = grad.shape
            return towards.view(rows, height, width, columns).permute(0, 3, 1, 2), None, None, None, None
        return towards.view_as(grad), None, None, None, None


def _channels_last(weight: Tensor) -> bool:
    last = weight.ndim == 4 and not weight.is_contiguous()
    return last and weight.is_contiguous(memory_format=torch.channels_last)


def _as_matrix(weight: Tensor, last: bool) -> Tensor:
    """(O, I, h, w) -> (O, I h w), or (O, h w I) of a channels-last weight: a view either way."""
    return (weight.permute(0, 2, 3, 1) if last else weight).flatten(1)


def _reordered(v: Tensor, weight: Tensor, last: bool) -> Tensor:
    """A vector (I h w) in the order of the matrix's columns."""
    return v.view(weight.shape[1:]).permute(1, 2, 0).flatten() if last else v.clone()


def _put_back(v: Tensor, weight: Tensor, last: bool) -> Tensor:
    """A vector in the order of the matrix's columns -> (I h w)."""
    if not last:
        return v
    columns, height, width = weight.shape[1:]
    return v.view(height, width, columns).permute(2, 0, 1).flatten()


def spectral(module: nn.Module, enabled: bool = True) -> nn.Module:
    """Return `module` with spectral normalisation of its weight (Miyato et al. 2018) if `enabled`.

    Networks for inference are built with `enabled=False`: saved weights are already divided by their
    largest singular value (`fold_spectral`).
    """
    if enabled:
        weight: Any = module.weight
        parametrize.register_parametrization(module, "weight", SpectralNorm(weight, 1, 0, 1e-12))
    return module


@torch.no_grad()
def fold_spectral(module: nn.Module, iterations: int = ITERATIONS) -> None:
    """Replace every spectrally normalised weight in `module` by its normalised value, in place.

    An average of weights has other singular vectors than those last stored, so the power iteration is
    run to convergence (`iterations`) first.
    """
    for layer in module.modules():
        if not parametrize.is_parametrized(layer, "weight"):
            continue
        normalised: Any = layer.parametrizations
        weight = normalised.weight.original.float()
        u, v = _singular_vectors(weight, normalised.weight[0]._v, iterations)
        sigma = u @ weight.flatten(1) @ v
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        plain: Any = layer.weight
        plain.copy_(weight / sigma)


@torch.no_grad()
def settle_spectral(module: nn.Module) -> None:
    """Find the singular vectors again after weights were put into spectrally normalised layers from outside."""
    for layer in module.modules():
        if parametrize.is_parametrized(layer, "weight"):
            normalised: Any = layer.parametrizations
            norm = normalised.weight[0]
            u, v = _singular_vectors(normalised.weight.original.float(), norm._v, ITERATIONS)
            norm._u.copy_(u)
            norm._v.copy_(v)


def _singular_vectors(weight: Tensor, start: Tensor, iterations: int) -> tuple[Tensor, Tensor]:
    """u and v of the largest singular value of `weight` as a matrix, by power iteration from a guess of v."""
    matrix, v = weight.flatten(1), F.normalize(start.float(), dim=0)
    u = F.normalize(matrix @ v, dim=0)
    for _ in range(iterations):
        u = F.normalize(matrix @ v, dim=0)
        v = F.normalize(matrix.T @ u, dim=0)
    return u, v
