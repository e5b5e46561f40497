"""Augmentation before the discriminator: equal to the plain definition, with gradients, cheap where it does nothing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.training.augment import Augmentation

CPU = torch.device("cpu")


def plainly(augmentation: Augmentation, image: Tensor, coloured: bool) -> Tensor:
    """Picture by picture, pixel by pixel of the definition: colours, then shift, then what is kept."""
    result = torch.zeros_like(image)
    for n, (down, right) in enumerate(augmentation.shift):
        one = image[n]
        if coloured:
            one = one + augmentation.brightness[n]
            grey = one.mean(0, keepdim=True)
            one = (one - grey) * augmentation.saturation[n] + grey
            one = (one - one.mean()) * augmentation.contrast[n] + one.mean()
        side = one.shape[-1]
        for row in range(side):
            for column in range(side):
                if 0 <= row - down < side and 0 <= column - right < side and augmentation.shown[n, 0, row, column]:
                    result[n, :, row, column] = one[:, row - down, column - right]
    return result


@pytest.mark.parametrize("probability", [0.5, 1.0])
def test_equal_to_the_plain_definition(probability: float) -> None:
    torch.manual_seed(0)
    augmentation = Augmentation(6, 16, probability, CPU)
    hot, image = torch.rand(6, 4, 16, 16), torch.rand(6, 3, 16, 16) * 2 - 1
    torch.testing.assert_close(augmentation.picture(image), plainly(augmentation, image, True))
    torch.testing.assert_close(augmentation.labels(hot), plainly(augmentation, hot, False))


def test_shifts_and_holes_have_the_sizes_and_shares_that_are_asked_for() -> None:
    torch.manual_seed(1)
    augmentation = Augmentation(4000, 16, 0.5, CPU)
    shift = torch.tensor(augmentation.shift)
    assert shift.abs().max() == 2 and set(shift.flatten().tolist()) == {-2, -1, 0, 1, 2}
    assert float((shift == 0).all(1).float().mean()) == pytest.approx(0.5 + 0.5 / 25, abs=0.03)
    still = augmentation.shown[(shift == 0).all(1)].sum((1, 2, 3))
    assert set(still.tolist()) == {256.0, 240.0}  # whole, or without a hole of 4 x 4
    assert float((still == 240).float().mean()) == pytest.approx(0.5, abs=0.03)
    for change, reach in ((augmentation.brightness, 0.4), (augmentation.saturation - 1, 0.5)):
        assert float(change.abs().max()) <= reach + 1e-6
        assert float((change != 0).float().mean()) == pytest.approx(0.5, abs=0.03)


def test_at_probability_0_the_very_tensors_come_back() -> None:
    augmentation = Augmentation(2, 16, 0.0, CPU)
    hot, image = torch.rand(2, 4, 16, 16), torch.rand(2, 3, 16, 16)
    assert augmentation.labels(hot) is hot and augmentation.picture(image) is image


def test_channels_last_stays() -> None:
    augmentation = Augmentation(3, 16, 1.0, CPU)
    for channels in (3, 19):
        x = torch.rand(3, channels, 16, 16).to(memory_format=torch.channels_last)
        changed = augmentation.picture(x) if channels == 3 else augmentation.labels(x)
        assert changed.is_contiguous(memory_format=torch.channels_last)


def test_the_gradient_is_that_of_the_plain_definition() -> None:
    torch.manual_seed(2)
    augmentation = Augmentation(3, 16, 1.0, CPU)
    weight = torch.randn(3, 3, 16, 16)
    gradients = []
    for change in (augmentation.picture, lambda x: plainly(augmentation, x, True)):
        image = torch.linspace(-1, 1, 3 * 3 * 256).view(3, 3, 16, 16).requires_grad_()
        (change(image) * weight).sum().backward()
        assert image.grad is not None
        gradients.append(image.grad)
    torch.testing.assert_close(gradients[0], gradients[1])
