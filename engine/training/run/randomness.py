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
        batch_size, part_index, part_count: this process works on one of `part_count` parts of a larger batch, each of
            `batch_size` pictures. A draw with one row per picture (its first side is `batch_size`) is made for the
            larger batch and cut, so that results do not depend on how many devices share the work.
    """

    def __init__(
        self, seed: int, device: torch.device, batch_size: int = 0, part_index: int = 0, part_count: int = 1
    ) -> None:
        super().__init__()
        self._generators = {"cpu": torch.Generator().manual_seed(seed)}
        if device.type != "cpu":
            self._generators[device.type] = torch.Generator(device).manual_seed(seed)
        self.batch_size, self.part_index, self.part_count = batch_size, part_index, part_count

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Every torch call of this thread comes through here; those that draw get the run's generator."""
        kwargs = kwargs or {}
        if kwargs.get("generator") is not None:
            return func(*args, **kwargs)
        if func in _LIKE:
            template = args[0]
            options = {"dtype": template.dtype, "device": template.device} | kwargs
            options.pop("memory_format", None)
            return self._draw(_LIKE[func], (tuple(template.shape),), options)
        if func in _OF_A_SIZE:
            return self._draw(func, args, kwargs)
        if func in _IN_PLACE or func in _OF_A_TENSOR or _initialises(func):
            tensor = args[0] if args else kwargs["tensor"]
            return func(*args, **kwargs | {"generator": self._generator(tensor.device)})
        return func(*args, **kwargs)

    def _generator(self, device: Any) -> torch.Generator | None:
        device_type = torch.device(device).type if device is not None else "cpu"
        return self._generators.get(device_type)

    def _draw(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        device = kwargs.get("device")
        if func is torch.normal and args and isinstance(args[0], Tensor):
            device = args[0].device
        kwargs = kwargs | {"generator": self._generator(device)}
        if self.part_count > 1:
            args, kwargs, widened = self._widened(func, args, kwargs)
            if widened:
                first_row = self.part_index * self.batch_size
                return func(*args, **kwargs)[first_row : first_row + self.batch_size].contiguous()
        return func(*args, **kwargs)

    def _widened(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
        """The call for the larger batch, if what it draws has one row per picture."""
        whole_batch = self.batch_size * self.part_count
        if "size" in kwargs and len(kwargs["size"]) and kwargs["size"][0] == self.batch_size:
            return args, kwargs | {"size": (whole_batch, *kwargs["size"][1:])}, True
        for position, argument in enumerate(args):
            if isinstance(argument, tuple | list):  # torch.Size is a tuple
                if not len(argument) or argument[0] != self.batch_size:
                    return args, kwargs, False
                return (*args[:position], (whole_batch, *argument[1:]), *args[position + 1 :]), kwargs, True
        if func in (torch.rand, torch.randn) and args and args[0] == self.batch_size:  # rand(B, 1): the sizes
            return (whole_batch, *args[1:]), kwargs, True
        return args, kwargs, False
