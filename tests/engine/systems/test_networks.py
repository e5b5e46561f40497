"""Every variant of every network of every system keeps the promises that all of them make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from engine.errors import NotSupported
from engine.nn.blocks import one_hot, sample_latent, seeded_noise
from engine.systems import all_systems, system
from engine.systems.base import Network

BATCH = 2

SMALL: dict[str, dict[str, Any]] = {
    "sean.generator": {
        "labels": 5,
        "resolution": 64,
        "channels": (8, 8, 8, 8, 7, 6, 5, 4),
        "style_width": 7,
        "style_hidden": 5,
        "spade_hidden": 6,
        "encoder": {"widths": (4, 5, 6, 7)},
    },
    "spade.generator": {
        "labels": 5,
        "resolution": 128,
        "width": 2,
        "hidden": 6,
        "encoder": {"width": 2, "resolution": 64},
    },
    "spade.encoder": {"width": 2, "latent": 9},
    "sean.discriminator": {"in_channels": 8, "width": 4},
    "spade.discriminator": {"in_channels": 8, "width": 4},
    "smis.discriminator": {"in_channels": 8, "width": 4},
    "pix2pixhd.discriminator": {"in_channels": 8, "width": 4},
    "smis.generator": {"labels": 5, "resolution": 128, "width": 2, "hidden": 6, "encoder": {"width": 2}},
    "pix2pixhd.generator": {"labels": 5, "resolution": 64, "width": 4, "blocks": 2, "widest": 16, "encoder_width": 2},
    "smis.encoder": {"labels": 5, "resolution": 64, "layers": 4, "encoder": {"width": 2}},
    "parser.parser": {"labels": 5, "resolution": 64, "widths": (4, 6, 8)},
    "an-classes.generator": {"classes": 3, "resolution": 16, "width": 4, "latent": 9, "attentive": {"entities": 4}},
    "an-inpaint.generator": {"resolution": 32, "width": 4, "dilations": (2, 4), "attentive": {"entities": 4}},
    "an-inpaint.discriminator": {"in_channels": 4, "width": 4},
    "an-classes.discriminator": {"classes": 2, "resolution": 64, "width": 4, "attentive": {"entities": 4}},
}
SMALL_VARIANTS: dict[str, dict[str, Any]] = {
    "deepfashion": {"labels": 8, "width": 2, "hidden": 8},
    "cityscapes": {"width": 140, "multiples": (1, 1, 1, 1, 1, 1, 1, 0.5)},  # what its groups divide
    "small": {"width": 1, "resolution": 64},
    "efficientnet-lite0": {"decoder": (8, 8, 8, 8)},
    "mulnet": {"labels": 3},  # all of them in the two pixels by two of the first block
}
"""What makes a test fast; a variant's own settings win, except for these widths."""



@dataclass(frozen=True)
class Entry:
    """A network and what it is called: "system.network"."""

    name: str
    network: Network


ENTRIES = [Entry(f"{entry.id}.{name}", network) for entry in all_systems() for name, network in entry.networks.items()]
CASES = [(entry, variant) for entry in ENTRIES for variant in entry.network.variants]
every_variant = pytest.mark.parametrize(
    ("entry", "variant"), CASES, ids=[f"{entry.name}-{variant or 'default'}" for entry, variant in CASES]
)


def small_config(entry: Entry, variant: str) -> Any:
    values = dict(entry.network.variants[variant])
    for key, value in SMALL[entry.name].items():
        if isinstance(value, dict) and values.get(key, {}) is not None:
            values[key] = values.get(key, {}) | value
        elif not isinstance(value, dict):
            values[key] = value
    if entry.name == "smis.generator":
        values |= SMALL_VARIANTS.get(variant, {})
    if values.get("latent", 0) > 9:
        values["latent"] = 9
    if "aspect_ratio" in values:
        values["resolution"] = 128
    return entry.network.read_config(values)


def side_of(config: Any) -> tuple[int, int]:
    resolution = getattr(config, "resolution", 64)
    return round(resolution / getattr(config, "aspect_ratio", 1.0)), resolution


def inputs_for(entry: Entry, config: Any, height: int, width: int) -> list[Any]:
    """One value for each word of `entry.network.inputs`, the same on every call."""
    generator = torch.Generator().manual_seed(3)
    values: list[Any] = []
    for word in entry.network.inputs:
        if word == "hot":
            channels = getattr(config, "channels", None)
            if not isinstance(channels, int):
                channels = getattr(config, "labels", None) or config.in_channels - 3
            ids = torch.randint(0, channels, (BATCH, -(-height // 8), -(-width // 8)), generator=generator)
            values.append(one_hot(ids.repeat_interleave(8, 1).repeat_interleave(8, 2)[:, :height, :width], channels))
        elif word == "codes":
            encoders = {"unified": 1, "resblk": 6, "sean": 15}[config.encoders]
            shape = (BATCH, encoders, config.labels, config.style_width)
            values.append(torch.randn(shape, generator=generator))
        elif word == "noise":
            values.append(seeded_noise(5))
        elif word == "latents":
            values.append(torch.randn(BATCH, *config.latent_shape, generator=generator))
        elif word == "features":
            shape = (BATCH, config.labels, config.features)
            values.append(torch.randn(shape, generator=generator) if config.features else None)
        elif word == "z":
            values.append(torch.randn(BATCH, config.latent, generator=generator) if config.latent else None)
        elif word == "noise_vector":
            values.append(torch.randn(BATCH, config.latent, generator=generator))
        elif word == "class_shares":
            values.append(torch.eye(config.classes)[:BATCH])
        elif word == "hole":
            hole = torch.zeros(BATCH, 1, height, width)
            hole[:, :, height // 4 : height // 2, width // 4 : width // 2] = 1
            values.append(hole)
        elif word == "classes":
            values.append(torch.arange(BATCH) % config.classes)
        else:
            assert word == "image", word
            values.append(torch.rand(BATCH, 3, height, width, generator=generator) * 2 - 1)
    return values


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
    return list(leaves(network(*inputs_for(entry, config, *side_of(config)))))


def expected_shapes(entry: Entry, config: Any) -> list[tuple[int, ...]]:
    height, width = side_of(config)
    if entry.name == "parser.parser":
        return [(BATCH, config.labels, height, width)]
    if entry.name == "spade.encoder":
        return [(BATCH, config.latent)] * 2
    if entry.name == "an-classes.discriminator":
        return [(BATCH,)]
    if entry.name == "an-inpaint.generator":
        return [(BATCH, 3, height, width)] * 2
    if entry.name == "smis.encoder":
        return [(BATCH, config.labels * config.latent, *config.start)] * 2
    if not entry.name.endswith(".discriminator"):
        return [(BATCH, 3, height, width)]
    shapes: list[tuple[int, ...]] = []
    for _ in range(config.scales):
        side = height
        for layer in range(config.layers):
            stride = config.last_stride if layer == config.layers - 1 else 2
            side = side // stride + 1  # kernel 4, padding 2
            shapes.append((BATCH, config.width * 2**layer, side, side))
        shapes.append((BATCH, 1, side + 1, side + 1))
        height = (height + 1) // 2
    return shapes


@every_variant
def test_the_output_has_its_shape_and_is_finite(entry: Entry, variant: str) -> None:
    config = small_config(entry, variant)
    with torch.no_grad():
        outputs = run(entry, build(entry, config), config)
    assert [tuple(y.shape) for y in outputs] == expected_shapes(entry, config)
    assert all(bool(y.isfinite().all()) for y in outputs)
    if entry.name.endswith(".generator"):
        assert float(outputs[0].abs().max()) <= 1 and float(outputs[0].std()) > 1e-3


@every_variant
def test_a_gradient_reaches_every_parameter(entry: Entry, variant: str) -> None:
    """In training, spectral norm included; an encoder by way of the codes that it makes."""
    config = small_config(entry, variant)
    network = build(entry, config, training=True)
    inputs = inputs_for(entry, config, *side_of(config))
    if hasattr(network, "encode") and (getattr(config, "encoder", None) or getattr(config, "features", 0)):
        image = torch.rand(BATCH, 3, *side_of(config), generator=torch.Generator().manual_seed(4)) * 2 - 1
        inputs[1], second = network.encode(image, inputs[0])
        if entry.name in ("smis.generator", "spade.generator"):
            inputs[1] = sample_latent(inputs[1], second, torch.ones_like(second))
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
    height, width = side_of(config)
    for size in ((height + stride // 2, width), (height, width + (stride // 2 or 8))):
        if stride > 1:
            with pytest.raises(ValueError, match=f"no multiple of {stride}"):
                network(*inputs_for(entry, config, *size))
        else:
            with torch.no_grad():
                assert list(leaves(network(*inputs_for(entry, config, *size))))


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
    spec = next(entry.network for entry in ENTRIES if entry.name == name)
    with torch.device("meta"):
        network = spec.build(spec.read_config({**spec.variants[variant], **changes}))
    count = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.006)


def test_pix2pixhd_is_judged_as_published() -> None:
    """One more layer, of stride 1, than SEAN's discriminator has, without spectral norm."""
    spec = system("pix2pixhd").networks["discriminator"]
    (scale, _) = spec.build(spec.read_config(spec.variants[""]), training=True).scales
    strides = [conv.stride[0] for conv in (scale.first, *scale.hidden, scale.last)]
    assert strides == [2, 2, 2, 1, 1]
    assert not any("parametrizations" in name for name, _ in scale.named_parameters())


def test_every_network_is_titled_and_has_a_small_configuration() -> None:
    for entry in ENTRIES:
        assert entry.network.title and SMALL[entry.name]


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
