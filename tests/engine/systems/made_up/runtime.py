"""Its weights in use."""

from __future__ import annotations

import torch

from engine.weights.networks import network_of
from engine.weights.store import Weights


class Instrument:
    """Plays, and hears what it has played."""

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card = weights.card
        self.player = network_of(weights, "player").to(device).eval()
        self.hearer = network_of(weights, "hearer").to(device).eval()

    @torch.inference_mode()
    def play(self, pitch: float) -> tuple[tuple[float, ...], float]:
        wave = self.player(torch.tensor([[pitch]]))
        return tuple(wave[0].tolist()), float(self.hearer(wave))
