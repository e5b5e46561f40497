"""What losses and measured numbers are called, for the window and the command line. Without torch.

A name is a `Message` where it is translated, and a plain string where it is the same in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import Message
from engine.systems import all_systems, find_system

SCORE = "score"
"""The number of a validation that decides which weights are kept; higher is better."""
SHARED: Mapping[str, str] = {
    # Numbers of a validation, of an evaluation and of a card.
    SCORE: Message("score"),
    "psnr": "PSNR",
    "ssim": "SSIM",
    "rmse": "RMSE",
    "LPIPS-MobileNetV2": "LPIPS-MobileNetV2",
    "FID-MobileNetV2": "FID-MobileNetV2",
    "FID-EfficientNetLite0": "FID-EfficientNetLite0",
    "FID-InceptionV3": "FID-InceptionV3",
    "KID-MobileNetV2": "KID-MobileNetV2",
    "KID-EfficientNetLite0": "KID-EfficientNetLite0",
    "fid_mobilenet_v2": "FID-MobileNetV2",
    "FID-MobileNetV2, drawn styles": Message("FID-MobileNetV2, drawn styles"),
    "FID-InceptionV3, drawn styles": Message("FID-InceptionV3, drawn styles"),
    "inception_score": Message("Inception score"),
    "inception_score, drawn styles": Message("Inception score, drawn styles"),
    "miou": "mIoU",
    "miou_without_rare": Message("mIoU without rare labels"),
    "iou": "IoU",
    "accuracy": Message("accuracy"),
    "sure": Message("sure"),
    "sure_right": Message("sure and right"),
    "sure_from": Message("sure from"),
    "mcsd": "mCSD",
    "mocd": "mOCD",
    "inside_difference": Message("change inside"),
    "outside_difference": Message("change outside"),
    "diversity": Message("drawn styles"),
    "parser on reconstructions": Message("parser on reconstructions"),
    "parser on real pictures": Message("parser on real pictures"),
    # What they were measured on.
    "pictures": Message("pictures"),
    "samples": Message("styles per region"),
    "resolution": Message("resolution"),
    "device": Message("device"),
    "seconds": Message("seconds"),
    "seconds_per_picture": Message("seconds per picture"),
    "rare_labels": Message("rare labels"),
    "networks": Message("networks"),
    "features": Message("features"),
    "efficientnet": "EfficientNet-Lite0",
    "inception": "Inception-v3",
    "parser": Message("parser"),
    "images_per_second": Message("pictures per second"),
}
"""Names of numbers that many systems share, by key. Their own, and those of their losses, are in `System.names`."""


def known_names() -> dict[str, str]:
    """Every name by key: a key means the same in all systems."""
    names = dict(SHARED)
    for system in all_systems():
        names |= system.names
    return names


def number_name(key: str) -> str:
    """What a loss or a number is called; the key itself where nobody has a name for it."""
    return known_names().get(key, key)


def main_numbers(system_id: str, numbers: Mapping[str, Any]) -> list[tuple[str, float]]:
    """(name, number) of the main ones among the measured or validated numbers of a system's weights, in its order."""
    known_system = find_system(system_id)
    main: dict[str, float] = {}
    for path in known_system.measuring.main_numbers if known_system is not None else ():
        number: Any = numbers
        for key in path.split("."):
            number = number.get(key) if isinstance(number, Mapping) else None
        if isinstance(number, int | float):
            main.setdefault(number_name(key), number)
    return list(main.items())


def shown_numbers(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """A validation's numbers by key, without a score that is one of the others, or its negative, under another name:
    it would say the same twice."""
    without_score = {key: number for key, number in numbers.items() if key != SCORE}
    score = numbers.get(SCORE)
    is_known = isinstance(score, int | float) and any(
        isinstance(number, int | float) and abs(number) == abs(score) for number in without_score.values()
    )
    return without_score if is_known else dict(numbers)
