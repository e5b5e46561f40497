"""What a training step is doing, for whoever measures it (`tessera bench training`).

The step and its task say which phase begins, and a listener hears it; where nobody listens, nothing happens. Phases
are "data" (waiting for the batch), the name of a network (its passes, forward and backward), "losses" and "update".
What no task has named is a pass of some network: "networks".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from torch import Tensor

DATA, NETWORKS, LOSSES, UPDATE = "data", "networks", "losses", "update"
"""The phases that are no network's name."""


class _Watch:
    """The present phase, and the networks whose outputs are known."""

    def __init__(self, listener: Callable[[str], None]) -> None:
        self.listener, self.phase = listener, NETWORKS
        self.networks_with_output: set[str] = set()

    def begin(self, phase_name: str) -> None:
        self.phase = phase_name
        self.listener(phase_name)

    @contextmanager
    def inside(self, phase_name: str) -> Iterator[None]:
        phase_before = self.phase
        self.begin(phase_name)
        try:
            yield
        finally:
            self.begin(phase_before)


_watch: ContextVar[_Watch | None] = ContextVar("watch", default=None)


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    """Let `listener` hear each phase that begins while inside, of steps that this thread takes."""
    token = _watch.set(_Watch(listener))
    try:
        yield
    finally:
        _watch.reset(token)


def begin(phase_name: str) -> None:
    """The phase that goes on until the next begins."""
    if (watch := _watch.get()) is not None:
        watch.begin(phase_name)


def phase(phase_name: str) -> AbstractContextManager[None]:
    """A phase; after it the one before goes on. For tasks: around a network's passes, around losses."""
    watch = _watch.get()
    return nullcontext() if watch is None else watch.inside(phase_name)


def output_of(network_name: str, output: Tensor) -> None:
    """For tasks: where the network's own way back begins; what comes before it in a backward pass are losses."""
    watch = _watch.get()
    if watch is not None and output.requires_grad:
        watch.networks_with_output.add(network_name)
        output.register_hook(lambda gradient: watch.begin(network_name))


def begin_backward(network_name: str) -> None:
    """The backward pass for the sake of one network."""
    if (watch := _watch.get()) is not None:
        starts_in_losses = network_name in watch.networks_with_output
        watch.networks_with_output.discard(network_name)
        watch.begin(LOSSES if starts_in_losses else network_name)
