"""The latent that SPADE's encoder and SMIS's share (Kingma, Welling, "Auto-Encoding Variational Bayes", 2014)."""

from __future__ import annotations

import torch
from torch import Tensor


def sample_latent(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """mean + noise * standard deviation (the reparameterisation of a VAE), all of one shape."""
    return mean + noise * torch.exp(0.5 * log_variance)
