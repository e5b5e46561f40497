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

from engine.painting.painter import Array, hot_map


def label_edges(label_map: Array) -> NDArray[np.bool_]:
    """(H, W) ids -> (H, W) bool, true on both sides of every border."""
    at_border = np.zeros(label_map.shape, bool)
    differs_across, differs_down = label_map[:, 1:] != label_map[:, :-1], label_map[1:] != label_map[:-1]
    at_border[:, 1:] |= differs_across
    at_border[:, :-1] |= differs_across
    at_border[1:] |= differs_down
    at_border[:-1] |= differs_down
    return at_border


def conditions(label_map: Array, label_count: int, with_edges: bool, device: torch.device) -> Tensor:
    """(H, W) ids -> (1, labels + edges, H, W): the one-hot map, then the edges if the network takes them."""
    one_hot_map = hot_map(label_map, label_count, device)
    if not with_edges:
        return one_hot_map
    edge_channel = torch.from_numpy(label_edges(label_map)).to(device=device, dtype=one_hot_map.dtype)
    return torch.cat([one_hot_map, edge_channel[None, None]], dim=1).contiguous(memory_format=torch.channels_last)
