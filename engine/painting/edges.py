"""The edge channel of networks that were trained with it (published Cityscapes and COCO-Stuff weights).

There the label map comes with the edges between single objects, drawn from a data set's instance ids. A painted label
map has no instances, so the borders between labels take their place: every pixel with another label above, below, left
or right of it. Where two cars touch, the network sees one; everything else is as in training.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.painting.label_painter import Array, hot_map


def label_edges(label_map: Array) -> NDArray[np.bool_]:
    """(H, W) ids -> (H, W) bool, true on both sides of every border."""
    edges = np.zeros(label_map.shape, bool)
    across, down = label_map[:, 1:] != label_map[:, :-1], label_map[1:] != label_map[:-1]
    edges[:, 1:] |= across
    edges[:, :-1] |= across
    edges[1:] |= down
    edges[:-1] |= down
    return edges


def conditions(label_map: Array, labels: int, edges: bool, device: torch.device) -> Tensor:
    """(H, W) ids -> (1, labels + edges, H, W): the one-hot map, then the edges if the network takes them."""
    hot = hot_map(label_map, labels, device)
    if not edges:
        return hot
    drawn = torch.from_numpy(label_edges(label_map)).to(device=device, dtype=hot.dtype)
    return torch.cat([hot, drawn[None, None]], dim=1).contiguous(memory_format=torch.channels_last)
