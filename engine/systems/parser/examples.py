"""The parser in small, as a U-Net and on EfficientNet."""

from __future__ import annotations

from engine.systems.examples import RECIPE_MILLIONS, Examples, NeedsNumbers, NetworkExample, Tiny, pictures
from engine.systems.parser import task

EXAMPLES = Examples(
    networks={
        "parser": NetworkExample(
            inputs=lambda config, size: [pictures(size)],
            shapes=lambda config, size: [(size.batch, config.labels, size.height, size.width)],
            small={"labels": 5, "resolution": 64, "widths": (4, 6, 8)},
            variants={"": {}, "efficientnet-lite0": {"encoder": "efficientnet_lite0"}},
            small_variants={"efficientnet-lite0": {"decoder": (8, 8, 8, 8)}},
        )
    },
    recipe_millions={size: RECIPE_MILLIONS[size] for size in ("small", "standard")},  # it is ours: there is no paper
    # With 4 or 6 channels oneDNN of torch 2.13 writes past its memory on processors with AVX2 and no AVX-512.
    tiny=Tiny(resolution=32, model={"widths": [8, 8, 8]}, task={"warm_up": 2}),
    needs_numbers=(
        NeedsNumbers(
            task,
            "mean_of_chosen",
            lambda values, chosen: values.mean(),
            "how many values a mask chooses is known once it is looked at (nonzero)",
        ),
    ),
)
