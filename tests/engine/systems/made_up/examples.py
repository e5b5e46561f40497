"""Its networks, as the tests of all networks run them."""

from __future__ import annotations

from engine.systems.examples import Examples, NetworkExample, Tiny, normal_numbers

EXAMPLES = Examples(
    networks={
        "player": NetworkExample(
            inputs=lambda config, size: [normal_numbers(size.batch, 1)],
            shapes=lambda config, size: [(size.batch, config.length)],
            small={"width": 4},
        ),
        "hearer": NetworkExample(
            inputs=lambda config, size: [normal_numbers(size.batch, config.length)],
            shapes=lambda config, size: [(size.batch, 1)],
            small={"width": 4},
        ),
    },
    tiny=Tiny(resolution=16, model={"player": {"width": 4}, "hearer": {"width": 4}}, task={"rate": 0.01}),
)
