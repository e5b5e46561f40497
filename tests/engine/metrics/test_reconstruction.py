"""SSIM, RMSE and PSNR say what other programs say."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.metrics.reconstruction import PSNR_LIMIT, psnr, rmse, ssim
from tests.fixtures import face_label_map, photo_of


def _pairs() -> tuple[Tensor, Tensor]:
    """Four cartoons and changed copies, (4, 3, 48, 64) in [0, 1]: noise, darkness, blur, another picture."""
    rng = np.random.default_rng(3)
    a = np.stack([photo_of(face_label_map(64), seed)[:48] for seed in range(4)]).astype(np.float64) / 255
    b = a.copy()
    b[0] = np.clip(a[0] + rng.normal(0, 0.05, a[0].shape), 0, 1)
    b[1] = a[1] * 0.6
    b[2] = (a[2] + np.roll(a[2], 1, 0) + np.roll(a[2], 1, 1)) / 3
    b[3] = a[0, ::-1]
    return (torch.from_numpy(x).permute(0, 3, 1, 2).float() for x in (a, b))  # type: ignore[return-value]


def test_ssim_is_torchmetrics_where_windows_lie_inside() -> None:
    """torchmetrics also counts windows over the mirrored border; there is nothing of the picture to compare there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchmetrics', not ours
        from torchmetrics.functional.image import structural_similarity_index_measure as theirs
    a, b = _pairs()
    _, everywhere = theirs(b, a, data_range=1.0, reduction="none", return_full_image=True)
    inside = everywhere[..., 5:-5, 5:-5].mean((1, 2, 3))
    assert torch.allclose(ssim(a, b).float(), inside, atol=2e-5)


def test_ssim_is_that_of_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
    a, b = _pairs()
    for x, y, ours in zip(a, b, ssim(a, b), strict=True):
        theirs = metrics.structural_similarity(
            x.permute(1, 2, 0).double().numpy(), y.permute(1, 2, 0).double().numpy(), channel_axis=2, data_range=1.0,
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        )  # fmt: skip
        assert float(ours) == pytest.approx(theirs, abs=1e-9)


def test_psnr_and_rmse_are_per_picture_in_units_of_zero_to_one() -> None:
    a = torch.zeros(2, 3, 12, 12)
    b = torch.stack([torch.full((3, 12, 12), 0.1), torch.full((3, 12, 12), 0.5)])
    assert rmse(a, b).tolist() == pytest.approx([0.1, 0.5])
    assert psnr(a, b).tolist() == pytest.approx([20.0, 6.0206], abs=1e-4)


def test_psnr_is_torchmetrics_on_each_picture() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torchmetrics.functional.image import peak_signal_noise_ratio as theirs
    a, b = _pairs()
    expected = [float(theirs(y, x, data_range=1.0)) for x, y in zip(a, b, strict=True)]
    assert psnr(a, b).tolist() == pytest.approx(expected, abs=1e-4)


def test_identical_pictures_give_the_best_numbers_and_no_infinity() -> None:
    a, _ = _pairs()
    assert ssim(a, a).tolist() == pytest.approx([1.0] * 4)
    assert rmse(a, a).tolist() == [0.0] * 4
    assert psnr(a, a).tolist() == pytest.approx([PSNR_LIMIT] * 4)


def test_pictures_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        rmse(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 9))
    with pytest.raises(ValueError, match="at least 11 x 11"):
        ssim(torch.zeros(1, 3, 10, 20), torch.zeros(1, 3, 10, 20))
