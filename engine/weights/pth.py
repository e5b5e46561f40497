"""PyTorch files of others, read for their tensors alone: no code in them is ever run."""

from __future__ import annotations

import pickle
import pickletools
import warnings
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import EngineError, OutOfMemory, WeightsError
from engine.files import PathLike, cannot, check_regular, open_regular
from engine.weights.checks import check_numbers
from engine.weights.impostors import impostor

_CODE = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE"}
"""Opcodes of pickles that name or call something."""


def no_memory(path: PathLike) -> OutOfMemory:
    """The error for a file that does not fit into memory."""
    return OutOfMemory('There is not enough memory to read "{0}"; close other programs.', path)


def read_pth(path: Path) -> dict[str, Tensor]:
    """The state dict in a .pth file, on the CPU. Raises WeightsError, OutOfMemory."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old file formats; what matters is checked here
            check_regular(path)
            contents = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(cannot("read", path, error).message, details=repr(error)) from error
    except EngineError:
        raise
    except MemoryError as error:
        raise no_memory(path) from error
    except Exception as error:  # a broken pickle can raise anything
        raise _unreadable(path, error) from error
    contents = _innermost(contents)
    if not isinstance(contents, dict) or not contents:
        raise WeightsError('"{0}" holds no tensors by name; give a file such as latest_net_G.pth.', path)
    state: dict[str, Tensor] = {}
    for tensor_name, tensor in contents.items():
        if not isinstance(tensor_name, str) or not isinstance(tensor, Tensor) or tensor.layout is not torch.strided:
            raise WeightsError(
                '"{0}" holds {1}, which is not a tensor with a name; give a file such as latest_net_G.pth.',
                path,
                repr(str(tensor_name)[:80]),
            )
        state[tensor_name] = tensor.detach()
    check_numbers(state, path)
    return _without_prefix(state)


NESTED = ("state_dict", "model_state_dict", "model", "params_ema", "params", "g_ema", "generator", "netG")
"""Under which keys checkpoints of training code keep the network beside all else."""
PREFIXES = ("module.", "_orig_mod.", "netG.", "generator.")
"""What wrappers of networks put before every name."""


def _innermost(contents: object) -> object:
    """What is under the first of `NESTED` where a file holds more than tensors, however often."""
    while isinstance(contents, dict) and not all(isinstance(entry, Tensor) for entry in contents.values()):
        nested = next((contents[key] for key in NESTED if isinstance(contents.get(key), dict)), None)
        if nested is None:
            break
        contents = nested
    return contents


def _without_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _unreadable(path: Path, error: Exception) -> WeightsError:
    error_text = str(error)
    if (other_kind := impostor(path)) is not None:
        return WeightsError('"{0}" is {1}; give a file such as latest_net_G.pth.', path, other_kind)
    if not _may_be_tensors(path):
        return WeightsError('"{0}" is not a weights file; give a file such as latest_net_G.pth.', path)
    refused_code = isinstance(error, pickle.UnpicklingError) and (
        "GLOBAL" in error_text or "Unsupported class" in error_text
    )
    if refused_code or _names_code(path):
        return WeightsError(
            '"{0}" holds more than tensors and could run code, so it was not opened; give a file from the authors\' '
            "own page.",
            path,
            details=error_text,
        )
    return WeightsError('"{0}" is truncated or is not a PyTorch file; download it again.', path, details=f"{error!r}")


def _may_be_tensors(path: Path) -> bool:
    """Whether a file begins as torch's do (a ZIP archive, a pickle of protocol 2 or later, a tar) or is a pickle of an
    older protocol from beginning to end: a few opcodes at the beginning are in any text. An empty one was truncated."""
    try:
        with open_regular(path) as file:
            beginning = file.read(512)
            if not beginning or beginning.startswith((b"PK", b"\x80")) or beginning[257:262] == b"ustar":
                return True
            file.seek(0)
            return sum(1 for _ in pickletools.genops(file)) > 0
    except Exception:  # genops raises whatever the bytes lead it to
        return False


def _names_code(path: Path) -> bool:
    """Whether a bare pickle (not torch's) names something to import or call; it is read, never run."""
    try:
        with open_regular(path) as pickle_file:
            return any(opcode.name in _CODE for opcode, _, _ in pickletools.genops(pickle_file))
    except Exception:  # no pickle at all, or one that ends too early
        return False
