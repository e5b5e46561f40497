"""GroupDNet's image encoder where it stands alone: the authors' file latest_net_E.pth.

Paper: Zhu, Xu, You, Bai, "Semantically Multi-modal Image Synthesis", CVPR 2020, arXiv 2003.12697, section 4.2. Our own
networks have theirs inside (`engine.systems.smis.network`). Code: MIT, written from the paper. The authors'
published weights are CC BY-NC-SA 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.nn.region_encoder import RegionEncoder, RegionEncoderConfig
from engine.nn.spade import init_papers


@dataclass(frozen=True)
class SMISEncoderConfig:
    """Everything that shapes GroupDNet's encoder where it stands alone, as the authors' file latest_net_E.pth.

    labels, latent: see `SMISConfig`.
    resolution, aspect_ratio: of the pictures that each region is enlarged to.
    layers: halvings (6 published).
    encoder: widths and switches.
    """

    labels: int = 8
    latent: int = 8
    resolution: int = 256
    aspect_ratio: float = 1.0
    layers: int = 6
    encoder: RegionEncoderConfig = field(default_factory=RegionEncoderConfig)

    @property
    def start(self) -> tuple[int, int]:
        """(height, width) of the latents."""
        latent_width = self.resolution // 2**self.layers
        return round(latent_width / self.aspect_ratio), latent_width


class SMISEncoder(RegionEncoder):
    """GroupDNet's encoder by itself: picture and label map -> mean, log-variance."""

    def __init__(self, config: SMISEncoderConfig, sn: bool = False) -> None:
        super().__init__(config.encoder, config.labels, config.latent, config.start, config.layers, sn)
        init_papers(self)
