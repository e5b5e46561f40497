"""Adam in one pass is torch's Adam, whatever the layout of weights and gradients, and whoever wrote the checkpoint."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from engine.training.adam import FusedAdam

RATE, BETAS = 1e-2, (0.5, 0.99)


def _network(last: bool) -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Conv2d(5, 4, 1), nn.Flatten(), nn.Linear(4 * 16, 2))
    return network.to(memory_format=torch.channels_last if last else torch.contiguous_format)


def _train(network: nn.Module, optimizer: torch.optim.Optimizer, steps: range, strange: bool) -> None:
    for number in steps:
        x = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(number))
        optimizer.zero_grad()
        network(x).square().sum().backward()
        if strange:
            for parameter in network.parameters():
                if parameter.ndim == 4 and parameter.grad is not None:
                    parameter.grad = parameter.grad.contiguous()
        optimizer.step()


@pytest.mark.parametrize("strange", [False, True], ids=["own layout", "another layout"])
@pytest.mark.parametrize("last", [False, True], ids=["plain", "channels last"])
def test_weights_go_where_torchs_adam_takes_them(last: bool, strange: bool) -> None:
    wanted, found = _network(last), _network(last)
    _train(wanted, torch.optim.Adam(wanted.parameters(), RATE, BETAS), range(5), False)
    _train(found, FusedAdam(found.parameters(), RATE, BETAS), range(5), strange)
    for a, b in zip(wanted.parameters(), found.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_checkpoints_of_torchs_adam_are_gone_on_with_and_the_other_way_round() -> None:
    whole = _network(True)
    _train(whole, torch.optim.Adam(whole.parameters(), RATE, BETAS), range(6), False)
    for first, second in ((torch.optim.Adam, FusedAdam), (FusedAdam, torch.optim.Adam)):
        network = _network(True)
        optimizer = first(network.parameters(), RATE, BETAS)
        _train(network, optimizer, range(3), False)
        saved = copy.deepcopy(optimizer.state_dict())
        resumed = second(network.parameters(), RATE, BETAS)
        resumed.load_state_dict(saved)
        _train(network, resumed, range(3, 6), False)
        for a, b in zip(whole.parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
