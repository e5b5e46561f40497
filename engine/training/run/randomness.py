"""Random numbers of a run's own: nothing else in the process can disturb them, nor they anything else.

Tasks draw with plain `torch.randn(...)` and the like. Inside `Randomness` those draws come from generators of the
run's, not from the process-wide ones that an editor painting in another thread also uses. The numbers are those that
`torch.manual_seed(seed)` would have given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_IN_PLACE = {
    Tensor.normal_,
    Tensor.uniform_,
    Tensor.bernoulli_,
    Tensor.random_,
    Tensor.exponential_,
    Tensor.log_normal_,
    Tensor.cauchy_,
    Tensor.geometric_,
}
_OF_A_TENSOR = {torch.bernoulli, Tensor.bernoulli, torch.multinomial, Tensor.multinomial, torch.poisson}
_OF_A_SIZE = {torch.rand, torch.randn, torch.randint, torch.randperm, torch.normal}
_LIKE: dict[Callable[..., Any], Callable[..., Any]] = {torch.rand_like: torch.rand, torch.randn_like: torch.randn}


@cache
def _initialises(func: Callable[..., Any]) -> bool:
    """Whether this is one of torch.nn.init's that draw."""
    return getattr(func, "__module__", "") == "torch.nn.init" and "generator" in inspect.signature(func).parameters


class Randomness(TorchFunctionMode):
    """A context in which this thread's random tensors follow from `seed`.

    Args:
        seed: what all draws follow from.
        device: where the networks are; draws on it and on the CPU are seeded.
        batch, part, parts: this process works on part `part` of `parts` of a larger batch, `batch` pictures in each
            part. A draw with one row per picture (its first side is `batch`) is made for the larger batch and cut, so
            that results do not depend on how many devices share the work.
    """

    def __init__(self, seed: int, device: torch.device, batch: int = 0, part: int = 0, parts: int = 1) -> None:
        super().__init__()
        self._generators = {"cpu": torch.Generator().manual_seed(seed)}
        if device.type != "cpu":
            self._generators[device.type] = torch.Generator(device).manual_seed(seed)
        self.batch, self.part, self.parts = batch, part, parts

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Every torch call of this thread comes through here; those that draw get the run's generator."""
        kwargs = kwargs or {}
        if kwargs.get("generator") is not None:
            return func(*args, **kwargs)
        if func in _LIKE:
            like = args[0]
            options = {"dtype": like.dtype, "device": like.device} | kwargs
            options.pop("memory_format", None)
            return self._draw(_LIKE[func], (tuple(like.shape),), options)
        if func in _OF_A_SIZE:
            return self._draw(func, args, kwargs)
        if func in _IN_PLACE or func in _OF_A_TENSOR or _initialises(func):
            tensor = args[0] if args else kwargs["tensor"]
            return func(*args, **kwargs | {"generator": self._generator(tensor.device)})
        return func(*args, **kwargs)

    def _generator(self, device: Any) -> torch.Generator | None:
        kind = torch.device(device).type if device is not None else "cpu"
        return self._generators.get(kind)

    def _draw(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        device = kwargs.get("device")
        if func is torch.normal and args and isinstance(args[0], Tensor):
            device = args[0].device
        kwargs = kwargs | {"generator": self._generator(device)}
        if self.parts > 1:
            args, kwargs, widened = self._widened(func, args, kwargs)
            if widened:
                return func(*args, **kwargs)[self.part * self.batch : (self.part + 1) * self.batch].contiguous()
        return func(*args, **kwargs)

    def _widened(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
        """The call for the larger batch, if what it draws has one row per picture."""
        if "size" in kwargs and len(kwargs["size"]) and kwargs["size"][0] == self.batch:
            return args, kwargs | {"size": (self.batch * self.parts, *kwargs["size"][1:])}, True
        for place, value in enumerate(args):
            if isinstance(value, tuple | list):  # torch.Size is a tuple
                if not len(value) or value[0] != self.batch:
                    return args, kwargs, False
                return (*args[:place], (self.batch * self.parts, *value[1:]), *args[place + 1 :]), kwargs, True
        if func in (torch.rand, torch.randn) and args and args[0] == self.batch:  # rand(B, 1): the sizes themselves
            return (self.batch * self.parts, *args[1:]), kwargs, True
        return args, kwargs, False
