"""The phases of a step: heard in turn where somebody listens, and nothing where nobody does."""

from __future__ import annotations

import torch

from engine.training import phases


def test_after_a_phase_the_one_before_goes_on() -> None:
    heard: list[str] = []
    with phases.listening(heard.append):
        phases.begin("data")
        with phases.phase("teacher"):
            with phases.phase("losses"):
                pass
        phases.begin("update")
    phases.begin("data")
    assert heard == ["data", "teacher", "losses", "teacher", "data", "update"]


def test_a_backward_pass_is_losses_down_to_the_networks_output() -> None:
    heard: list[str] = []
    weight = torch.ones(2, requires_grad=True)
    with phases.listening(heard.append):
        output = weight * 2
        phases.output_of("painter", output)
        for network_name in ("critic", "painter"):
            phases.begin_backward(network_name)
        output.sum().backward()
        phases.begin_backward("painter")  # of an update whose output nobody has named
    assert heard == ["critic", "losses", "painter", "painter"]
    assert torch.equal(weight.grad, torch.full((2,), 2.0))


def test_where_nobody_listens_nothing_is_hooked() -> None:
    output = torch.ones(2, requires_grad=True) * 2
    phases.output_of("painter", output)
    assert not output._backward_hooks
    with phases.phase("painter"):
        phases.begin("losses")
