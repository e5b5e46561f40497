"""Changes of the pictures that a parser learns from: what photographs of other people look like.

A student that sees harder pictures than its teacher did becomes better than the teacher (noisy student, Xie et al.,
CVPR 2020). Turns, scale and shifts move the label map along; light, colours, sharpness, JPEG and noise change the
picture alone; what is cut out counts in no loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

UNKNOWN = 255
"""Label id of pixels that were cut out."""


@dataclass(frozen=True)
class ParserAugment:
    """Reach of every change; 0 leaves it out. The defaults are those of the first parsers.

    rotate (degrees), zoom (factor; 1 leaves it out), move (share of the side): the affine change.
    colour: reach of brightness, contrast, saturation and tint.
    gamma: exponent between 1 / (1 + gamma) and 1 + gamma.
    light: reach of a brightness that grows from one side of the picture to the other.
    grey: share of the pictures without colour.
    blur: share of the pictures that lose sharpness, by a mean over 3 x 3 pixels; with `coarse`, half as many again
        by fewer pixels.
    coarse: most pixels of the original, along a side, that become one pixel of a blurred picture.
    jpeg: share of the pictures that are compressed, with qualities from 15 to 80.
    noise: largest standard deviation of added noise, of 1.
    cut: share of the pictures that lose a rectangle of up to a third of the side.
    """

    rotate: float = 15.0
    zoom: float = 1.35
    move: float = 0.12
    colour: float = 0.35
    gamma: float = 0.0
    light: float = 0.0
    grey: float = 0.0
    blur: float = 0.6
    coarse: float = 1.0
    jpeg: float = 0.0
    noise: float = 0.0
    cut: float = 0.0


def augment_pictures(image: Tensor, label_map: Tensor, config: ParserAugment) -> tuple[Tensor, Tensor]:
    """image (B, 3, H, W) in [-1, 1] and label_map (B, H, W) int64 -> both changed, of the same shapes and ranges.

    Random numbers are torch's. Pixels that were cut out have the label `UNKNOWN`.
    """
    image, label_map = _moved(image, label_map, config)
    image = _coloured(image, config)
    image = _blurred(image, config)
    if config.noise:
        deviation = config.noise * _uniform(image, 0, 1)
        image = image + torch.randn_like(image) * deviation * _happens(image, 0.5)
    if config.jpeg:
        image = _compressed(image, config.jpeg)
    if config.cut:
        image, label_map = _cut(image, label_map, config.cut)
    return image.clamp(-1, 1), label_map


def _uniform(image: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(len(image), 1, 1, 1, device=image.device)


def _around(image: Tensor, reach: float, channels: int = 1) -> Tensor:
    return (torch.rand(len(image), channels, 1, 1, device=image.device) * 2 - 1) * reach


def _happens(image: Tensor, share: float) -> Tensor:
    return (torch.rand(len(image), 1, 1, 1, device=image.device) < share).float()


def _moved(image: Tensor, label_map: Tensor, config: ParserAugment) -> tuple[Tensor, Tensor]:
    count = len(image)
    angle = (torch.rand(count) * 2 - 1) * math.radians(config.rotate)
    zoom = config.zoom ** (torch.rand(count) * 2 - 1)
    move = (torch.rand(count, 2) * 2 - 1) * config.move * 2
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    theta = torch.stack([torch.stack([cos, -sin, move[:, 0]], 1), torch.stack([sin, cos, move[:, 1]], 1)], 1)
    grid = F.affine_grid(theta.to(image.device), list(image.shape), align_corners=False)
    image = F.grid_sample(image, grid, padding_mode="reflection", align_corners=False)
    label_ids = label_map.unsqueeze(1).float()
    label_ids = F.grid_sample(label_ids, grid, mode="nearest", padding_mode="reflection", align_corners=False)
    return image, label_ids.squeeze(1).long()


def _coloured(image: Tensor, config: ParserAugment) -> Tensor:
    reach = config.colour
    image = (image + 1) * (1 + _around(image, reach)) * (1 + _around(image, reach / 3, 3)) - 1
    grey = image.mean(1, keepdim=True)
    saturation = 1 + _around(image, 1.5 * reach)
    if config.grey:
        saturation = saturation * (1 - _happens(image, config.grey))
    image = grey + (image - grey) * saturation
    mean = image.mean((1, 2, 3), keepdim=True)
    image = mean + (image - mean) * (1 + _around(image, reach))
    if config.gamma:
        exponent = (1 + config.gamma) ** _uniform(image, -1, 1)
        image = ((image.clamp(-1, 1) + 1) / 2).pow(exponent) * 2 - 1
    if config.light:
        height, width = image.shape[-2:]
        angle = _uniform(image, 0, 2 * math.pi)
        down = torch.linspace(-1, 1, height, device=image.device).view(1, 1, -1, 1)
        across = torch.linspace(-1, 1, width, device=image.device).view(1, 1, 1, -1)
        slope = torch.cos(angle) * across + torch.sin(angle) * down
        image = (image + 1) * (1 + slope * _uniform(image, 0, config.light)).clamp(min=0.05) - 1
    return image


def _blurred(image: Tensor, config: ParserAugment) -> Tensor:
    """Mixed with the mean over 3 x 3 pixels; or, half of the time where `coarse` allows it, with fewer pixels."""
    if not config.blur:
        return image
    soft = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="reflect"), 3, 1)
    softness = torch.rand(len(image), 1, 1, 1, device=image.device) * 2 - 2 * (1 - config.blur)
    image = torch.lerp(image, soft, softness.clamp(0, 1))
    if config.coarse <= 1:
        return image
    height, width = image.shape[-2:]
    chosen = torch.rand(len(image)) < config.blur / 2
    factors = config.coarse ** torch.rand(len(image))
    pictures = []
    for n in range(len(image)):
        picture = image[n : n + 1]
        if chosen[n]:
            size = (max(8, round(height / float(factors[n]))), max(8, round(width / float(factors[n]))))
            picture = F.interpolate(picture, size=size, mode="bilinear", align_corners=False, antialias=True)
            picture = F.interpolate(picture, size=(height, width), mode="bilinear", align_corners=False)
        pictures.append(picture)
    return torch.cat(pictures)


def _compressed(image: Tensor, share: float) -> Tensor:
    """A share of the pictures as JPEG would leave them."""
    chosen, qualities = torch.rand(len(image)) < share, torch.randint(15, 81, (len(image),))
    if not chosen.any():
        return image
    image = image.clone()
    for n in torch.nonzero(chosen).flatten().tolist():
        pixels = ((image[n].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
        _, packed = cv2.imencode(".jpg", np.ascontiguousarray(pixels), [cv2.IMWRITE_JPEG_QUALITY, int(qualities[n])])
        decoded = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        image[n] = torch.from_numpy(decoded).to(image).permute(2, 0, 1) / 127.5 - 1
    return image


def _cut(image: Tensor, label_map: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """A rectangle of one colour, or of another picture of the batch, hides a part of a share of the pictures."""
    count, height, width = label_map.shape
    image, label_map, uncut = image.clone(), label_map.clone(), image
    chosen, sizes, places = torch.rand(count) < share, torch.rand(count, 2), torch.rand(count, 2)
    plain, colours = torch.rand(count) < 0.5, torch.rand(count, 3, 1, 1, device=image.device) * 2 - 1
    for n in torch.nonzero(chosen).flatten().tolist():
        tall, wide = (max(1, round(side * (0.06 + 0.27 * float(s)))) for side, s in zip((height, width), sizes[n]))
        top, left = (round(float(p) * (side - size)) for p, side, size in zip(places[n], (height, width), (tall, wide)))
        hole = (slice(top, top + tall), slice(left, left + wide))
        image[n][:, hole[0], hole[1]] = colours[n] if plain[n] else uncut[(n + 1) % count][:, hole[0], hole[1]]
        label_map[n][hole] = UNKNOWN
    return image, label_map
