"""The Frechet distance is that of torchmetrics with a feature network of one's own."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor, nn

from engine.metrics.frechet import frechet_distance


class _Net(nn.Module):
    """A picture's mean colours in 2 x 2 fields: 12 features."""

    num_features = 12

    def forward(self, image: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(image.float(), 2).flatten(1)


def test_it_is_torchmetrics_with_an_own_network() -> None:
    net = _Net()
    generator = torch.Generator().manual_seed(5)
    real, fake = torch.rand(40, 3, 8, 8, generator=generator), torch.rand(30, 3, 8, 8, generator=generator) ** 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchmetrics', not ours
        from torchmetrics.image.fid import FrechetInceptionDistance

        theirs = FrechetInceptionDistance(feature=net, normalize=True, input_img_size=(3, 8, 8))
        theirs.update(real, real=True)
        theirs.update(fake, real=False)
        expected = float(theirs.compute())
    assert frechet_distance(net(real), net(fake)) == pytest.approx(expected, rel=1e-4)
