"""The undo stack and the pixels that its steps keep."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.document.undo import MAX_BYTES, MAX_STEPS, UndoStack
from app.raster.boxes import Box
from app.raster.changes import PixelRuns, record_change


@dataclass
class Step:
    """Sets a value in a list of one."""

    target: list[int]
    old: int
    new: int
    text: str = "step"
    merge_key: object = None
    nbytes: int = 1
    calls: list[str] = field(default_factory=list)

    def undo(self) -> None:
        self.target[0] = self.old

    def redo(self) -> None:
        self.target[0] = self.new

    def absorb(self, later) -> None:
        self.new = later.new


def push(stack: UndoStack, target: list[int], new: int, **options) -> None:
    step = Step(target, target[0], new, **options)
    target[0] = new
    stack.push(step)


def test_undo_and_redo_walk_through_the_steps():
    stack, value = UndoStack(), [0]
    for new in (1, 2, 3):
        push(stack, value, new, text=f"to {new}")
    assert stack.undo_text == "to 3"
    assert stack.undo() and value == [2]
    assert stack.undo() and value == [1]
    assert (stack.undo_text, stack.redo_text) == ("to 1", "to 2")
    assert stack.redo() and value == [2]
    assert stack.undo() and stack.undo() and value == [0]
    assert not stack.undo()
    assert stack.undo_text == ""


def steps_of(stack: UndoStack) -> int:
    """How many steps can be undone; they are redone."""
    steps = 0
    while stack.undo():
        steps += 1
    for _ in range(steps):
        assert stack.redo()
    return steps


def test_a_new_step_forgets_what_could_be_redone():
    stack, value = UndoStack(), [0]
    push(stack, value, 1)
    stack.undo()
    push(stack, value, 2)
    assert not stack.redo()
    assert value == [2]


def test_at_least_a_hundred_steps_are_kept_and_the_oldest_go_first():
    assert MAX_STEPS >= 100
    stack, value = UndoStack(max_steps=100), [0]
    for new in range(1, 131):
        push(stack, value, new)
    assert steps_of(stack) == 100
    while stack.undo():
        pass
    assert value == [30]


def test_memory_is_limited_but_the_last_step_always_stays():
    assert MAX_BYTES <= 256 * 1024 * 1024
    stack, value = UndoStack(max_bytes=100), [0]
    for new in range(1, 6):
        push(stack, value, new, nbytes=40)
    assert steps_of(stack) == 2
    push(stack, value, 6, nbytes=500)
    assert steps_of(stack) == 1
    stack.undo()
    assert value == [5]


def test_steps_with_one_merge_key_join_until_sealed():
    stack, value = UndoStack(), [0]
    for new in (1, 2, 3):
        push(stack, value, new, merge_key="slider")
    stack.seal()
    push(stack, value, 4, merge_key="slider")
    push(stack, value, 5, merge_key="another")
    assert steps_of(stack) == 3
    stack.undo()
    stack.undo()
    assert value == [3]
    stack.undo()
    assert value == [0]


def test_a_step_in_between_ends_the_joining():
    stack, value = UndoStack(), [0]
    push(stack, value, 1, merge_key="slider")
    push(stack, value, 2)
    push(stack, value, 3, merge_key="slider")
    assert steps_of(stack) == 3


def test_a_step_after_undo_does_not_join_the_one_before():
    stack, value = UndoStack(), [0]
    push(stack, value, 1, merge_key="slider")
    push(stack, value, 2)
    stack.undo()
    push(stack, value, 3, merge_key="slider")
    assert steps_of(stack) == 2
    stack.undo()
    assert value == [1]


def test_clean_means_the_saved_state_however_it_was_reached():
    stack, value = UndoStack(), [0]
    assert stack.clean
    push(stack, value, 1)
    assert not stack.clean
    stack.set_clean()
    push(stack, value, 2)
    stack.undo()
    assert stack.clean
    stack.undo()
    assert not stack.clean
    stack.redo()
    assert stack.clean


def test_a_saved_state_that_was_undone_and_painted_over_never_comes_back():
    stack, value = UndoStack(), [0]
    push(stack, value, 1)
    stack.set_clean()
    stack.undo()
    push(stack, value, 2)
    assert not stack.clean
    stack.undo()
    assert not stack.clean


def test_a_step_does_not_join_the_saved_one():
    stack, value = UndoStack(), [0]
    push(stack, value, 1, merge_key="slider")
    stack.set_clean()
    push(stack, value, 2, merge_key="slider")
    assert steps_of(stack) == 2
    stack.undo()
    assert stack.clean and value == [1]


def test_the_saved_state_is_forgotten_with_the_oldest_steps():
    stack, value = UndoStack(max_steps=3), [0]
    for new in range(1, 6):
        push(stack, value, new)
    while stack.undo():
        assert not stack.clean


class Walk(RuleBasedStateMachine):
    """Any order of changes, undo and redo ends where a plain list of states says."""

    def __init__(self) -> None:
        super().__init__()
        self.stack, self.value = UndoStack(max_steps=10), [0]
        self.states, self.at = [0], 0

    @rule(new=st.integers(1, 100))
    def change(self, new):
        push(self.stack, self.value, new)
        self.states = [*self.states[: self.at + 1], new][-11:]
        self.at = len(self.states) - 1

    @rule()
    def undo(self):
        assert self.stack.undo() is (self.at > 0)
        self.at = max(0, self.at - 1)

    @rule()
    def redo(self):
        assert self.stack.redo() is (self.at < len(self.states) - 1)
        self.at = min(len(self.states) - 1, self.at + 1)

    @invariant()
    def agrees(self):
        assert self.value[0] == self.states[self.at]
        assert steps_of(self.stack) == self.at


TestWalk = Walk.TestCase

blocks = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=16), elements=st.integers(0, 255))


@st.composite
def block_and_changes(draw):
    block = draw(blocks)
    return block, draw(hnp.arrays(bool, block.shape))


@given(block_and_changes())
def test_runs_give_back_the_changed_pixels(case):
    block, changed = case
    values, flags = PixelRuns(old=block, changed=changed).decode()
    assert np.array_equal(flags, changed)
    assert np.array_equal(values[changed], block[changed])


@given(block_and_changes())
def test_a_recorded_change_is_as_small_as_it_can_be_and_complete(case):
    before, changed = case
    after = np.where(changed, before ^ 1, before)
    change = record_change(before=before, after=after, box=Box(0, 0, before.shape[1], before.shape[0]))
    if not changed.any():
        assert change is None
        return
    values, flags = change.runs.decode()
    restored = after.copy()
    block = restored[change.box.slices]
    np.copyto(block, values, where=flags)
    assert np.array_equal(restored, before)
    assert flags.any(axis=1)[[0, -1]].all() and flags.any(axis=0)[[0, -1]].all()


def test_flat_areas_take_little_memory():
    before = np.zeros((2048, 2048), np.uint8)
    before[:, 1000:] = 3
    change = record_change(before=before, after=np.ones_like(before), box=Box(0, 0, 2048, 2048))
    assert change.nbytes < 64 * 1024


def test_noise_takes_no_more_than_its_pixels_and_a_bit_for_each():
    rng = np.random.default_rng(0)
    before = rng.integers(0, 100, (512, 512), np.uint8)
    after = np.where(rng.random((512, 512)) < 0.5, before + 100, before).astype(np.uint8)
    change = record_change(before=before, after=after, box=Box(0, 0, 512, 512))
    assert change.nbytes <= before.size * 5 // 8 + 4096
