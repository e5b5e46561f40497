"""Files as the authors released them, at tiny widths: keys spelled out by hand, independently of our tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.golden.cases import draw_state

Shapes = dict[str, tuple[int, ...]]

BLOCKS = (
    ("head_0", 16, 16),
    ("G_middle_0", 16, 16),
    ("G_middle_1", 16, 16),
    ("up_0", 16, 8),
    ("up_1", 8, 4),
    ("up_2", 4, 2),
    ("up_3", 2, 1),
)


def _conv(key: str, fan_out: int, fan_in: int, size: int = 3) -> Shapes:
    return {f"{key}.weight": (fan_out, fan_in, size, size), f"{key}.bias": (fan_out,)}


def _spectral(key: str, fan_out: int, fan_in: int, size: int, *, bias: bool) -> Shapes:
    shapes: Shapes = {f"{key}.bias": (fan_out,)} if bias else {}
    return shapes | {
        f"{key}.weight_orig": (fan_out, fan_in, size, size),
        f"{key}.weight_u": (fan_out,),
        f"{key}.weight_v": (fan_in * size * size,),
    }


def _norm(key: str, channels: int) -> Shapes:
    stem = f"{key}.param_free_norm"
    return {
        f"{stem}.running_mean": (channels,),
        f"{stem}.running_var": (channels,),
        f"{stem}.num_batches_tracked": (),
    }


def _spade(key: str, channels: int, labels: int, hidden: int) -> Shapes:
    shapes = _norm(key, channels) | _conv(f"{key}.mlp_shared.0", hidden, labels)
    return shapes | _conv(f"{key}.mlp_gamma", channels, hidden) | _conv(f"{key}.mlp_beta", channels, hidden)


def _ace(key: str, channels: int, labels: int, style: int, hidden: int, styled: bool) -> Shapes:
    shapes: Shapes = {f"{key}.blending_gamma": (1,), f"{key}.blending_beta": (1,), f"{key}.noise_var": (channels,)}
    shapes |= _spade(f"{key}.Spade", channels, labels, hidden) | _norm(key, channels)
    if styled:
        for label in range(labels):
            shapes |= {f"{key}.fc_mu{label}.weight": (style, style), f"{key}.fc_mu{label}.bias": (style,)}
        shapes |= _conv(f"{key}.conv_gamma", channels, style) | _conv(f"{key}.conv_beta", channels, style)
    return shapes


def sean_shapes(ngf: int = 1, labels: int = 4, style: int = 6, hidden: int = 5) -> Shapes:
    """SEAN's netG, style encoder inside."""
    shapes: Shapes = {}
    for number, fan_in, fan_out in ((1, 3, 32), (4, 32, 64), (7, 64, 128), (14, 256, style)):
        shapes |= _conv(f"Zencoder.model.{number}", fan_out, fan_in)
    shapes |= {"Zencoder.model.10.weight": (128, 256, 3, 3), "Zencoder.model.10.bias": (256,)}
    shapes |= _conv("fc", 16 * ngf, labels)
    for name, a, b in BLOCKS:
        fan_in, fan_out, middle = a * ngf, b * ngf, min(a, b) * ngf
        shapes |= _spectral(f"{name}.conv_0", middle, fan_in, 3, bias=True)
        shapes |= _spectral(f"{name}.conv_1", fan_out, middle, 3, bias=True)
        norms = {"ace_0": fan_in, "ace_1": middle}
        if a != b:
            shapes |= _spectral(f"{name}.conv_s", fan_out, fan_in, 1, bias=False)
            norms["ace_s"] = fan_in
        for norm, channels in norms.items():
            shapes |= _ace(f"{name}.{norm}", channels, labels, style, hidden, name != "up_3")
    return shapes | _conv("conv_img", 3, ngf)


def spade_shapes(ngf: int = 2, channels: int = 4, *, most: bool = False, latent: int = 0, pixels: int = 4) -> Shapes:
    """SPADE's netG; with a latent its first layer makes `pixels` pixels."""
    shapes: Shapes = _conv("fc", 16 * ngf, channels)
    if latent:
        shapes = {"fc.weight": (16 * ngf * pixels, latent), "fc.bias": (16 * ngf * pixels,)}
    for name, a, b in BLOCKS + ((("up_4", 1, 0.5),) if most else ()):
        fan_in, fan_out, middle = int(a * ngf), int(b * ngf), int(min(a, b) * ngf)
        shapes |= _spectral(f"{name}.conv_0", middle, fan_in, 3, bias=True)
        shapes |= _spectral(f"{name}.conv_1", fan_out, middle, 3, bias=True)
        shapes |= _spade(f"{name}.norm_0", fan_in, channels, 128) | _spade(f"{name}.norm_1", middle, channels, 128)
        if a != b:
            shapes |= _spectral(f"{name}.conv_s", fan_out, fan_in, 1, bias=False)
            shapes |= _spade(f"{name}.norm_s", fan_in, channels, 128)
    return shapes | _conv("conv_img", 3, ngf // 2 if most else ngf)


SMIS_GROUPS = {
    "deepfashion": lambda c: (c, c, c // 2, c // 2, c // 4, c // 4, c // 8),
    "cityscapes": lambda c: (c, c, 20, 14, 10, 4, 1),
    "ade20k": lambda c: (c, 16, 16, 8, 4, 2, 1, 1),
}


def _cg_norm(key: str, channels: int, variant: str, c: int, g: int) -> Shapes:
    """papers.md, B.3."""
    if variant == "deepfashion":
        hidden, fan_in, groups, shared = 128, c // g, g, g
    elif variant == "cityscapes":
        hidden, fan_in, groups, shared = c * g, 2, c, c
    else:
        hidden, fan_in, groups, shared = 2 * c if c % g == 0 else c * g, 1, g, c
    assert hidden % shared == 0 and channels % groups == 0
    shapes = _norm(key, channels) | _conv(f"{key}.mlp_shared.0", hidden, fan_in)
    rest = _conv(f"{key}.mlp_gamma", channels, hidden // groups) | _conv(f"{key}.mlp_beta", channels, hidden // groups)
    return shapes | rest


def smis_shapes(variant: str = "deepfashion", ngf: int = 1, labels: int = 8) -> Shapes:
    """netG of the three published GroupDNets (papers.md, B.2)."""
    c, groups = labels, SMIS_GROUPS[variant](labels)
    widths = [16 * ngf, 16 * ngf, 16 * ngf, 16 * ngf, 8 * ngf, 4 * ngf, 2 * ngf, ngf]
    last, first_groups = ngf, 8 if variant == "deepfashion" else c
    if variant == "ade20k":
        widths = [16 * c, 16 * c, 32 * ngf, 16 * ngf, 16 * ngf, 8 * ngf, 4 * ngf, 2 * ngf, ngf]
        last = 2 * ngf
    shapes = _conv("fc", widths[0], 8 * c // first_groups)
    names = [name for name, _, _ in BLOCKS] + ["up_4"]
    for name, a, b, g in zip(names, widths, widths[1:], groups):
        middle = min(a, b)
        shapes |= _spectral(f"{name}.conv_0", middle, a // g, 3, bias=True)
        shapes |= _spectral(f"{name}.conv_1", b, middle // g, 3, bias=True)
        if a != b:
            shapes |= _spectral(f"{name}.conv_s", b, a // g, 1, bias=False)
        for norm, channels in (("norm_0", a), ("norm_1", middle), ("norm_s", a)):
            if norm != "norm_s" or a != b:
                shapes |= _cg_norm(f"{name}.{norm}", channels, variant, c, g)
    return shapes | _conv("conv_img", 3, last)


def encoder_shapes(ndf: int, labels: int = 0, layers: int = 6) -> Shapes:
    """netE of SMIS, `ndf` channels for all labels; without labels SPADE's."""
    shapes: Shapes = {}
    per, widths = max(1, labels), [3 * max(1, labels), *(ndf * min(2**n, 8) for n in range(layers))]
    for n, (a, b) in enumerate(zip(widths, widths[1:])):
        shapes |= _spectral(f"layer{n + 1}.0", b, a // per, 3, bias=False)
    for name in ("fc_mu", "fc_var"):
        if labels:
            shapes |= _conv(name, 8 * labels, widths[-1] // labels)
        else:
            shapes |= {f"{name}.weight": (256, widths[-1] * 16), f"{name}.bias": (256,)}
    return shapes


def patch_shapes(ndf: int = 4, labels: int = 6, layers: int = 3, scales: int = 2) -> Shapes:
    """netD of SEAN (3 layers) or SPADE (4 layers)."""
    shapes: Shapes = {}
    for scale in range(scales):
        stem = f"discriminator_{scale}"
        shapes |= _conv(f"{stem}.model0.0", ndf, labels + 3, 4)
        width = ndf
        for n in range(1, layers):
            shapes |= _spectral(f"{stem}.model{n}.0.0", min(512, width * 2), width, 4, bias=False)
            width = min(512, width * 2)
        shapes |= _conv(f"{stem}.model{layers}.0", 1, width, 4)
    return shapes


def state_of(shapes: Shapes, seed: int = 1) -> dict[str, Tensor]:
    """Tensors for these keys."""
    return {key: torch.from_numpy(array) for key, array in draw_state(seed, shapes).items()}


def write_pth(path: Path, content: Any, *, legacy: bool = False) -> Path:
    """As the authors wrote theirs (`legacy`), or as PyTorch writes today."""
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path
