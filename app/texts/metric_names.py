"""What losses and measured numbers are called on the screen: the engine's keys are words of the program."""

from __future__ import annotations

from collections.abc import Mapping

from app.shell.i18n import mark, tr

NAMES = {
    # Losses.
    "discriminator": mark("discriminator"),
    "adversarial": mark("adversarial"),
    "feature_matching": mark("feature matching"),
    "perceptual": mark("perceptual"),
    "l1": "L1",
    "pyramid": mark("pyramid"),
    "kl": mark("KL divergence"),
    "hold": mark("hold"),
    "cross_entropy": mark("cross entropy"),
    "jaccard": mark("Jaccard"),
    "orthogonality": mark("orthogonality"),
    # Numbers of a validation, of an evaluation and of a card.
    "score": mark("score"),
    "psnr": "PSNR",
    "ssim": "SSIM",
    "rmse": "RMSE",
    "fid_mobilenet_v2": "FID-MobileNetV2",
    "frechet_pixels": mark("Frechet distance of colours"),
    "FID-MobileNetV2, drawn styles": mark("FID-MobileNetV2, drawn styles"),
    "FID-InceptionV3, drawn styles": mark("FID-InceptionV3, drawn styles"),
    "inception_score": mark("Inception score"),
    "inception_score, drawn styles": mark("Inception score, drawn styles"),
    "r_precision": mark("R-precision"),
    "variety": mark("variety"),
    "miou": "mIoU",
    "miou_without_rare": mark("mIoU without rare labels"),
    "iou": "IoU",
    "accuracy": mark("accuracy"),
    "sure": mark("sure"),
    "sure_right": mark("sure and right"),
    "sure_from": mark("sure from"),
    "mcsd": "mCSD",
    "mocd": "mOCD",
    "inside_difference": mark("change inside"),
    "outside_difference": mark("change outside"),
    "diversity": mark("drawn styles"),
    "parser on reconstructions": mark("parser on reconstructions"),
    "parser on real pictures": mark("parser on real pictures"),
    # What they were measured on.
    "pictures": mark("pictures"),
    "samples": mark("styles per region"),
    "resolution": mark("resolution"),
    "device": mark("device"),
    "seconds": mark("seconds"),
    "seconds_per_picture": mark("seconds per picture"),
    "rare_labels": mark("rare labels"),
    "networks": mark("networks"),
    "features": mark("features"),
    "efficientnet": "EfficientNet-Lite0",
    "inception": "Inception-v3",
    "parser": mark("parser"),
    "images_per_second": mark("pictures per second"),
}


def metric_text(metric_key: str) -> str:
    """The name of a number for people; a key that is not known is shown as it is."""
    return tr(NAMES[metric_key]) if metric_key in NAMES else metric_key


def row_text(line_name: str, label_names: Mapping[str, str]) -> str:
    """The same for a line of `engine.metrics.table.rows`, such as "iou: hair"; `label_names`: their names on the
    screen."""
    return ": ".join(label_names.get(name_part) or metric_text(name_part) for name_part in line_name.split(": "))
