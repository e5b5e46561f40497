"""What the inpainting system of Attentive Normalization is and can: holes of pictures are filled."""

from __future__ import annotations

from engine.errors import Message
from engine.systems.base import (
    RECONSTRUCTION_LOSSES,
    Abilities,
    Measuring,
    Network,
    System,
    patch_discriminator,
    resolution_of,
)
from engine.weights.card import Card

FOLDER = "engine.systems.an_inpaint"


def abilities(card: Card) -> Abilities:
    """Holes of pictures of any size; label maps are neither painted nor found."""
    return Abilities(resolution=resolution_of(card.config_of("generator")))


SYSTEM = System(
    id="an-inpaint",
    title="Attentive Normalization (inpainting)",
    paper="Wang et al., CVPR 2020, arXiv 2004.03828",
    networks={
        "generator": Network(
            title="the network that fills holes",
            config=f"{FOLDER}.network:InpaintConfig",
            module=f"{FOLDER}.network:InpaintNetwork",
            stride=lambda config: config.stride,
            spectral=False,
        ),
        "discriminator": patch_discriminator(),  # of the hole and the picture
        "critics": Network(
            title="the critics of the whole picture and of its hole",
            config=f"{FOLDER}.critics:CriticConfig",
            module=f"{FOLDER}.critics:Critics",
            stride=lambda config: int(config.resolution),
            spectral=False,
        ),
    },
    abilities=abilities,
    requests=("engine.requests.inpaint:InpaintRequest",),
    runtime=f"{FOLDER}.filler:HoleFiller",
    data="engine.data.kinds:PICTURES",
    task=f"{FOLDER}.task:make_task",
    task_config=f"{FOLDER}.task:InpaintTaskConfig",
    names={
        **RECONSTRUCTION_LOSSES,
        "inside": Message("in the hole"),
        "outside": Message("outside the hole"),
        "orthogonality": Message("orthogonality"),
        "variety": Message("variety"),
        "psnr_hole": Message("PSNR in the hole"),
        "ssim_hole": Message("SSIM in the hole"),
        "l1_hole": Message("L1 in the hole"),
        **{f"free-form {percent} %": Message("free-form hole, {0} %", percent) for percent in (10, 25, 50)},
        **{f"rectangle {percent} %": Message("rectangular hole, {0} %", percent) for percent in (10, 25, 50)},
        "Telea": "Telea",
        "Navier-Stokes": "Navier-Stokes",
    },
    measuring=Measuring(
        measure=f"{FOLDER}.measure:measure",
        sheet=f"{FOLDER}.measure:sheet",
        tables=(f"{FOLDER}.measure:TABLE",),
        main_numbers=("psnr_hole", "ssim_hole", "l1_hole", "LPIPS-MobileNetV2", "fid_mobilenet_v2"),
    ),
    measures_data=False,
    examples=f"{FOLDER}.examples:EXAMPLES",
)
