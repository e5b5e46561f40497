"""Whether the files of a weights folder are those that its card describes. Imports no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Message, WeightsError
from engine.files import PathLike, cannot, open_regular
from engine.plain_data import parse_json
from engine.weights.card import Card
from engine.weights.folder import styles_file

if TYPE_CHECKING:
    from torch import Tensor


def check_numbers(state: Mapping[str, Tensor], tensors_path: PathLike) -> None:
    """Raises WeightsError where a tensor holds what is no number or infinite: it would paint black in silence."""
    for tensor_name, tensor in state.items():
        if tensor.is_floating_point() and tensor.numel():
            lowest, highest = tensor.aminmax()  # what is no number is both
            if not (lowest.isfinite() and highest.isfinite()):
                raise WeightsError(
                    '"{0}" holds what is no number (in {1}); get the weights again.', tensors_path, repr(tensor_name)
                )


def check_header(tensors_path: Path) -> None:
    """Tell a foreign or truncated tensors file from its first bytes and its size."""
    try:
        file_size = tensors_path.stat().st_size
        with open_regular(tensors_path) as file:
            header_length = int.from_bytes(file.read(8), "little")
            header = file.read(header_length) if 2 <= header_length <= 100 << 20 else b""
    except OSError as error:
        raise WeightsError(cannot("read", tensors_path, error).message, details=repr(error)) from error
    if not header.startswith(b"{"):
        raise WeightsError(
            '"{0}" is not a safetensors file; get the weights again, or import a .pth file as new weights.',
            tensors_path,
        )
    try:
        data_ends = [
            tensor_entry["data_offsets"][1]
            for tensor_name, tensor_entry in parse_json(header).items()
            if tensor_name != "__metadata__"
        ]
        expected_size = 8 + header_length + int(max(data_ends, default=0))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        # A header cut in its middle is no JSON either.
        raise WeightsError(
            '"{0}" is damaged or incomplete; get the weights again.',
            tensors_path, details=repr(error),
        ) from error
    if file_size != expected_size:
        condition = Message("incomplete") if file_size < expected_size else Message("damaged")
        raise WeightsError(
            '"{0}" is {1} ({2} of {3} bytes); get the weights again.',
            tensors_path, condition, f"{file_size:,}", f"{expected_size:,}",
        )


def check_digest(tensors_path: Path, card: Card) -> None:
    """Raises WeightsError where a tensors file is not the one that the card describes."""
    if not card.sha256:
        raise WeightsError(
            'The card of "{0}" has no sha256, so the weights cannot be checked; get them again.', tensors_path
        )
    digest = _digest_of(tensors_path)
    if digest != card.sha256.lower():
        raise WeightsError(
            '"{0}" is not the file that its card describes (its SHA-256 differs); get the weights again.',
            tensors_path, details=f"card: {card.sha256}\nfile: {digest}",
        )


def check_styles(folder: Path, card: Card) -> None:
    """Raises WeightsError where the measured styles in a weights folder are not those of its card."""
    styles_path = styles_file(folder, card)
    if not card.styles_sha256:
        return
    if _digest_of(styles_path) != card.styles_sha256.lower():
        raise WeightsError(
            '"{0}" is not the file that the card of "{1}" describes; measure styles again.', styles_path, card.name
        )


def is_whole(path: Path, sha256: str) -> bool:
    """Whether a file is there with all that its hash says."""
    try:
        return _digest_of(path) == sha256
    except WeightsError:
        return False


def _digest_of(path: Path) -> str:
    try:
        status = path.stat()
        return _digest(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise WeightsError(cannot("read", path, error).message, details=repr(error)) from error


@lru_cache(maxsize=64)
def _digest(path: Path, file_size: int, modified_ns: int) -> str:
    """SHA-256 of a file; size and time of change are in the key so that a changed file is read again."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while file_block := file.read(1 << 20):
            digest.update(file_block)
    return digest.hexdigest()
