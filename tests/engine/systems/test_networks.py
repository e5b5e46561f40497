"""Every variant of every network of every system keeps the promises that all of them make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from engine.errors import NotSupported
from engine.systems import all_systems, system
from engine.systems.base import Network, load_part
from engine.systems.examples import NetworkExample, Size, pictures
from tests.engine.systems.made_up.system import SYSTEM as MADE_UP

BATCH = 2


@dataclass(frozen=True)
class Entry:
    """A network, what it is called, "system.network", and its examples."""

    name: str
    network: Network
    example: NetworkExample


ENTRIES = [
    Entry(f"{entry.id}.{name}", network, load_part(entry.examples).networks[name])
    for entry in (*all_systems(), MADE_UP)
    for name, network in entry.networks.items()
]
CASES = [(entry, variant) for entry in ENTRIES for variant in entry.example.variants]
every_variant = pytest.mark.parametrize(
    ("entry", "variant"), CASES, ids=[f"{entry.name}-{variant or 'default'}" for entry, variant in CASES]
)


def small_config(entry: Entry, variant: str) -> Any:
    return entry.network.read_config(entry.example.small_values(variant))


def size_of(config: Any) -> Size:
    resolution = getattr(config, "resolution", 64)
    return Size(BATCH, round(resolution / getattr(config, "aspect_ratio", 1.0)), resolution)


def build(entry: Entry, config: Any, *, training: bool = False, seed: int = 0) -> nn.Module:
    """A network whose parameters are all far from their careful first values, so that nothing is hidden by zeros."""
    torch.manual_seed(seed)
    network = entry.network.build(config, training=training)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) / max(1, parameter[0].numel()) ** 0.5)
    return network.train(training)


def leaves(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    else:
        for part in output:
            yield from leaves(part)


def run(entry: Entry, network: nn.Module, config: Any) -> list[Tensor]:
    return list(leaves(network(*entry.example.inputs(config, size_of(config)))))


@every_variant
def test_the_output_has_its_shape_and_is_finite(entry: Entry, variant: str) -> None:
    config = small_config(entry, variant)
    with torch.no_grad():
        outputs = run(entry, build(entry, config), config)
    assert [tuple(y.shape) for y in outputs] == entry.example.shapes(config, size_of(config))
    assert all(bool(y.isfinite().all()) for y in outputs)
    if outputs[0].shape[1:] == (3, size_of(config).height, size_of(config).width):  # a picture
        assert float(outputs[0].abs().max()) <= 1 and float(outputs[0].std()) > 1e-3


@every_variant
def test_a_gradient_reaches_every_parameter(entry: Entry, variant: str) -> None:
    """In training, spectral norm included; an encoder by way of the codes that it makes."""
    config = small_config(entry, variant)
    network = build(entry, config, training=True)
    inputs = entry.example.inputs(config, size_of(config))
    if entry.example.encode is not None and (getattr(config, "encoder", None) or getattr(config, "features", 0)):
        inputs = entry.example.encode(network, pictures(size_of(config)), inputs)
    loss = torch.stack([(y * torch.linspace(-1, 2, y.shape[-1])).mean() for y in leaves(network(*inputs))])
    loss.sum().backward()
    missing = [
        name
        for name, parameter in network.named_parameters()
        if parameter.requires_grad and (parameter.grad is None or not bool(parameter.grad.abs().sum() > 0))
    ]
    assert missing == []


@every_variant
def test_saved_and_loaded_it_computes_the_same(entry: Entry, variant: str) -> None:
    config = small_config(entry, variant)
    network = build(entry, config)
    again = entry.network.build(entry.network.read_config(asdict(config)))
    again.load_state_dict(load(save({k: v.contiguous() for k, v in network.state_dict().items()})))
    with torch.no_grad():
        first, second = run(entry, network, config), run(entry, again.eval(), config)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@every_variant
def test_the_same_seed_gives_the_same_network_and_output(entry: Entry, variant: str) -> None:
    config = small_config(entry, variant)
    with torch.no_grad():
        first, second, other = (run(entry, build(entry, config, seed=s), config) for s in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@every_variant
def test_sides_that_are_no_multiple_of_the_stride_are_refused(entry: Entry, variant: str) -> None:
    config = small_config(entry, variant)
    stride, network = entry.network.stride(config), build(entry, config)
    usual = size_of(config)
    for size in (
        replace(usual, height=usual.height + stride // 2),
        replace(usual, width=usual.width + (stride // 2 or 8)),
    ):
        if stride > 1:
            with pytest.raises(ValueError, match=f"no multiple of {stride}"):
                network(*entry.example.inputs(config, size))
        else:
            with torch.no_grad():
                assert list(leaves(network(*entry.example.inputs(config, size))))


@pytest.mark.parametrize(
    ("name", "variant", "changes", "millions"),
    [
        ("sean.generator", "", {}, 266.91),
        ("spade.generator", "", {}, 96.49),
        ("spade.generator", "", {"labels": 183, "edges": True}, 97.48),
        ("spade.generator", "cityscapes", {}, 93.05),
        ("spade.encoder", "", {}, 10.46),
        ("smis.generator", "deepfashion", {}, 96.32 + 12.84),
        ("smis.generator", "cityscapes", {}, 76.50 + 5.77),
        ("smis.generator", "ade20k", {}, 66.46 + 4.41),  # 68.33 with the block that is never used
        ("sean.discriminator", "", {}, 1.364),
        ("spade.discriminator", "", {"in_channels": 39}, 5.60),
    ],
)
def test_published_networks_have_as_many_parameters_as_the_authors_say(
    name: str, variant: str, changes: dict[str, Any], millions: float
) -> None:
    entry = next(entry for entry in ENTRIES if entry.name == name)
    config = entry.network.read_config({**entry.example.variants[variant], **changes})
    with torch.device("meta"):
        network = entry.network.build(config)
    count = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.006)


def test_pix2pixhd_is_judged_as_published() -> None:
    """One more layer, of stride 1, than SEAN's discriminator has, without spectral norm."""
    entry = next(entry for entry in ENTRIES if entry.name == "pix2pixhd.discriminator")
    config = entry.network.read_config(entry.example.variants[""])
    (scale, _) = entry.network.build(config, training=True).scales
    strides = [conv.stride[0] for conv in (scale.first, *scale.hidden, scale.last)]
    assert strides == [2, 2, 2, 1, 1]
    assert not any("parametrizations" in name for name, _ in scale.named_parameters())


def test_every_network_is_titled_and_has_a_small_configuration() -> None:
    for entry in ENTRIES:
        assert entry.network.title and entry.example.small and "" in entry.example.variants


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"resolution": 100}, "multiple"),
        ({"labels": "many"}, "labels"),
        ({"encoders": "none"}, "encoders"),
        ({"channels": [8, 8]}, "channels"),
    ],
)
def test_a_config_that_makes_no_network_is_refused_in_a_sentence(values: dict[str, Any], says: str) -> None:
    with pytest.raises(NotSupported, match=says):
        system("sean").network.read_config(values)
