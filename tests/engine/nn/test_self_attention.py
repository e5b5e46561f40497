"""Self-attention: every pixel may see every other, and a new module changes nothing."""

from __future__ import annotations

import torch

from engine.nn.self_attention import SelfAttention


def test_a_new_module_changes_nothing_and_learns() -> None:
    torch.manual_seed(0)
    module = SelfAttention(8, sn=True)
    x = torch.randn(2, 8, 6, 4)
    torch.testing.assert_close(module(x), x)
    with torch.no_grad():
        module.residual.fill_(1)
    module(x).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in module.parameters())


def test_it_is_a_mean_of_values_weighed_by_agreement() -> None:
    """Written out for each pixel, of a map so flat that pooling leaves its positions as they are."""
    torch.manual_seed(1)
    module = SelfAttention(8).double()
    with torch.no_grad():
        module.residual.fill_(0.7)
    blocks = torch.randn(1, 8, 2, 2, dtype=torch.double)
    x = blocks.repeat_interleave(2, 2).repeat_interleave(2, 3)  # 4 x 4: each block has one value
    result = module(x)
    query, key, value = (layer(blocks)[0].flatten(1) for layer in (module.query, module.key, module.value))
    for row in range(4):
        for column in range(4):
            place = (row // 2) * 2 + column // 2
            shares = (query[:, place] @ key).softmax(dim=0)
            attended = module.out((value @ shares)[None, :, None, None])[0, :, 0, 0]
            torch.testing.assert_close(result[0, :, row, column], 0.7 * attended + x[0, :, row, column])


def test_the_smallest_map_passes() -> None:
    assert SelfAttention(4)(torch.ones(1, 4, 1, 1)).shape == (1, 4, 1, 1)
