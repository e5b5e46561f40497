"""Inception-v3 as published, and the Inception score."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor, nn

from engine.metrics.inception_score import inception_score
from engine.nn.inception import Inception


def test_the_network_has_the_published_tensors() -> None:
    """With random tensors it gave torch-fidelity's features and logits to the last bit (2026-11-21)."""
    with torch.device("meta"):
        network = Inception()
    assert sum(p.numel() for p in network.parameters()) == 23_850_960  # 21,785,568 and a classifier of 1008
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert shapes["Mixed_6c.branch7x7dbl_4.conv.weight"] == (160, 160, 7, 1)
    assert shapes["Mixed_7b.branch3x3dbl_3b.conv.weight"] == (384, 384, 3, 1)
    assert shapes["Mixed_7a.branch7x7x3_4.bn.running_var"] == (192,)
    features, logits = network(torch.empty(2, 3, 299, 299, device="meta"))
    assert features.shape == (2, 2048) and logits.shape == (2, 1008)


class _Net(nn.Module):
    """Seven classes from a picture's mean colours."""

    num_features = 7

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.randn(3, 7, generator=torch.Generator().manual_seed(2)) * 9

    def forward(self, image: Tensor) -> Tensor:
        return image.float().mean((2, 3)) @ self.weight


def test_the_score_is_that_of_torchmetrics() -> None:
    net, images = _Net(), torch.rand(40, 3, 2, 2, generator=torch.Generator().manual_seed(5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchmetrics', not ours
        from torchmetrics.image.inception import InceptionScore

        theirs = InceptionScore(feature=net, splits=1, normalize=False)
        theirs.update(images)
        expected = float(theirs.compute()[0])
    assert expected > 1.05
    assert inception_score(net(images)) == pytest.approx(expected, rel=1e-5)


def test_pictures_of_one_class_score_one_and_of_each_class_their_number() -> None:
    sure = torch.eye(5) * 1000
    assert inception_score(sure[:1].repeat(20, 1)) == pytest.approx(1)
    assert inception_score(sure) == pytest.approx(5)
    assert inception_score(sure.repeat(1000, 1)) == pytest.approx(5)
    assert inception_score(sure.repeat_interleave(1000, 0)) == pytest.approx(1)  # ten parts of one class each
    with pytest.raises(ValueError, match="needs pictures"):
        inception_score(torch.zeros(0, 3))
