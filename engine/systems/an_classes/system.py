"""What the class-conditional system of Attentive Normalization is and can: pictures of a class, out of noise."""

from __future__ import annotations

from engine.errors import Message
from engine.systems.base import ADVERSARIAL_LOSSES, Abilities, Measuring, Network, System, number_of, resolution_of
from engine.weights.card import Card

FOLDER = "engine.systems.an_classes"
MOST_UNNAMED = 1000
"""Classes without names that are offered."""


def abilities(card: Card) -> Abilities:
    """Pictures of one size; label maps are neither painted nor found."""
    config = card.config_of("generator")
    names = config.get("class_names")
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        names = [f"class {number}" for number in range(min(number_of(config, "classes", 0), MOST_UNNAMED))]
    return Abilities(resolution=resolution_of(config), classes=tuple(names))


SYSTEM = System(
    id="an-classes",
    title="Attentive Normalization (classes)",
    paper="Wang et al., CVPR 2020, arXiv 2004.03828",
    networks={
        "generator": Network(
            title="the generator of classes",
            config=f"{FOLDER}.network:ClassGeneratorConfig",
            module=f"{FOLDER}.network:ClassGenerator",
        ),
        "discriminator": Network(
            title="the discriminator of classes",
            config=f"{FOLDER}.network:ClassDiscriminatorConfig",
            module=f"{FOLDER}.network:ClassDiscriminator",
        ),
    },
    abilities=abilities,
    requests=("engine.requests.make:MakeRequest",),
    runtime=f"{FOLDER}.maker:ClassMaker",
    data="engine.data.kinds:CLASSES",
    task=f"{FOLDER}.task:ClassTask",
    task_config=f"{FOLDER}.task:ClassTaskConfig",
    measuring=Measuring(
        measure=f"{FOLDER}.measure:measure",
        sheet=f"{FOLDER}.measure:sheet",
        tables=(f"{FOLDER}.measure:TABLE",),
        main_numbers=("FID-MobileNetV2", "fid_mobilenet_v2", "KID-MobileNetV2", "FID-EfficientNetLite0"),
    ),
    names={
        **ADVERSARIAL_LOSSES,
        "orthogonality": Message("orthogonality"),
        "frechet_pixels": Message("Frechet distance of colours"),
        "nearest_classes": Message("classes nearest to their own"),
        "classes": Message("classes"),
        "nearest": Message("nearest to"),
    },
    measures_data=False,
    examples=f"{FOLDER}.examples:EXAMPLES",
)
