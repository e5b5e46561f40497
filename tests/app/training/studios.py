"""A run small enough to train in a moment, and how to begin it in the studio."""

from __future__ import annotations

from app.jobs.training_lane import State

PATIENCE = 120_000  # ms; the machine may be busy
RECIPE = """
note = "Tiny."
system = "sean"
resolution = 32
batch = 2
steps = {steps}
log_every = 1
sample_every = 2
validate_every = 2
checkpoint_every = {checkpoint_every}

[model]
channels = [6, 6, 6, 4]
upsample_before = [false, true, true]
styled_blocks = 2
style_width = 5
style_hidden = 4
spade_hidden = 4

[model.encoder]
widths = [4, 4, 6, 6]
norm = "none"

[task]
perceptual = 0.0
l1 = 1.0
discriminator_width = 4
ema = 0.9
"""


def recipe_file(tmp_path, steps: int, checkpoint_every: int = 50):
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE.format(steps=steps, checkpoint_every=checkpoint_every), "utf-8")
    return path


def begin(studio, core, tmp_path, qtbot, *, steps: int = 5000, checkpoint_every: int = 50):
    """Start a tiny run through the form."""
    studio.setup.recipe.load(recipe_file(tmp_path, steps, checkpoint_every))
    assert studio.setup.start.isEnabled(), studio.setup.why_not.text()
    studio.setup.start.click()
    qtbot.waitUntil(lambda: core.training.state is State.RUNNING, timeout=PATIENCE)


def sentences(core) -> list[str]:
    """What the studio tells from now on, one sentence each."""
    said: list[str] = []
    core.hub.reported.connect(lambda problem: said.append(problem.sentence))
    return said
