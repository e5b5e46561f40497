"""Which sizes a network takes, and the size of its first feature map."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import ConfigError


def check_size(size: Sequence[int], stride: int) -> None:
    """Raise ValueError unless both of size, (height, width), are multiples of `stride`."""
    height, width = size
    if height % stride or width % stride:
        raise ValueError(f"{height} x {width} is no multiple of {stride}")


def check_resolution(resolution: int, stride: int) -> None:
    """Raise ConfigError unless a config's resolution is `stride` times 1, 2, ..."""
    if resolution < stride or resolution % stride:
        raise ConfigError("resolution {0} is no multiple of {1}", resolution, stride)


def first_map_size(resolution: int, stride: int, aspect_ratio: float) -> tuple[int, int]:
    """(height, width) of the first feature map at the trained size, `resolution` pixels wide.

    Raises ConfigError: the resolution is no multiple of `stride`, or pictures of that aspect ratio (width by height)
    leave no pixel to start from.
    """
    check_resolution(resolution, stride)
    width = resolution // stride
    height = round(width / aspect_ratio)
    if height < 1:
        raise ConfigError("aspect_ratio {0} leaves no pixel to start from", aspect_ratio)
    return height, width
