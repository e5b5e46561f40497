"""Two networks: a pitch becomes a wave, a wave becomes a pitch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class PlayerConfig:
    """width: of the hidden layer. length: numbers of a wave."""

    width: int = 8
    length: int = 16


@dataclass(frozen=True)
class HearerConfig:
    """width: of the hidden layer. length: numbers of a wave."""

    width: int = 8
    length: int = 16


class Player(nn.Module):
    """(B, 1) pitches -> (B, length) waves in (-1, 1)."""

    def __init__(self, config: PlayerConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(
            nn.Linear(1, config.width), nn.Tanh(), nn.Linear(config.width, config.length), nn.Tanh()
        )

    def forward(self, pitches: Tensor) -> Tensor:
        return self.layers(pitches)


class Hearer(nn.Module):
    """(B, length) waves -> (B, 1) pitches."""

    def __init__(self, config: HearerConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(nn.Linear(config.length, config.width), nn.Tanh(), nn.Linear(config.width, 1))

    def forward(self, waves: Tensor) -> Tensor:
        return self.layers(waves)
