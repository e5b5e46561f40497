"""What publishing adds to a pix2pixHD with a feature encoder: how its codes vary."""

from __future__ import annotations

from engine.systems.pix2pixhd.painter import Pix2PixHDPainter
from engine.training.finish import Finish, measured_styles

FINISH = Finish(styles=measured_styles(Pix2PixHDPainter))
