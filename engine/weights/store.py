"""Weights folders: `NAME/{model.safetensors, card.json, samples.png}`, found, read, checked and written.

Only safetensors are read: no file can run code. The card holds the tensors file's SHA-256, which is
checked on every load, and everything a user should know before using the weights. torch is imported only
where tensors are touched, so that listing weights is cheap.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import BadFile, EngineError, Message, OutOfMemory, WeightsError
from engine.files import (
    PathLike,
    atomic_write,
    cannot,
    check_regular,
    make_folder,
    open_regular,
    root,
    user_data_folder,
)
from engine.pictures.images import encode_png
from engine.plain_data import parse_json
from engine.weights.card import CARD_FILE, CARD_SCHEMA, Card, read_card

if TYPE_CHECKING:
    from torch import Tensor


MODEL_FILE, STYLES_FILE, SAMPLES_FILE = "model.safetensors", "styles.safetensors", "samples.png"
MADE_WITH_TENSORS = (STYLES_FILE, SAMPLES_FILE, "variations.png")
"""Files beside the tensors that were made with them, and are of no use beside others."""
ENVIRONMENT = "TESSERA_WEIGHTS"


@dataclass(frozen=True)
class Weights:
    """Loaded weights: `state` maps names to CPU tensors in the precision of the file."""

    card: Card
    state: dict[str, Tensor]
    folder: Path

    def tensors_of(self, network: str) -> dict[str, Tensor]:
        """The tensors of one network by their names within it; all of them where the weights hold a single one."""
        if not self.card.networks:
            return self.state
        prefix = f"{network}."
        return {name[len(prefix) :]: tensor for name, tensor in self.state.items() if name.startswith(prefix)}


def join_networks(states: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors of several networks, by network name, as weights keep them: prefixed "name."."""
    return {f"{network}.{name}": tensor for network, state in states.items() for name, tensor in state.items()}


@dataclass(frozen=True)
class WeightsEntry:
    """One folder found on the search path; `card` is None and `problem` a sentence if it is broken."""

    name: str
    folder: Path
    card: Card | None
    problem: str = ""

    @property
    def samples(self) -> Path | None:
        """The picture sheet beside the weights, if there is one."""
        sheet_path = self.folder / SAMPLES_FILE
        return sheet_path if sheet_path.is_file() else None


# ---------------------------------------------------------------- finding


def user_weights_folder() -> Path:
    """Where imported and trained weights of this user go (it may not exist yet)."""
    return user_data_folder() / "weights"


def search_path() -> tuple[Path, ...]:
    """Folders that hold weights folders, the first winning: $TESSERA_WEIGHTS, the user's, the bundled."""
    named_folders = [
        Path(folder_name).expanduser()
        for folder_name in os.environ.get(ENVIRONMENT, "").split(os.pathsep)
        if folder_name.strip()
    ]
    return tuple(dict.fromkeys([*named_folders, user_weights_folder(), root() / "weights"]))


def list_weights() -> list[WeightsEntry]:
    """All weights on the search path by name, broken ones with their reason. Never raises.

    Cards and file headers are read, tensors are not; `load_weights` checks the SHA-256.
    """
    entries: dict[str, WeightsEntry] = {}
    for search_folder in search_path():
        try:
            weights_folders = sorted(
                subfolder
                for subfolder in search_folder.iterdir()
                if subfolder.is_dir() and not subfolder.name.startswith(".")
            )
        except OSError:
            continue  # a place that is not there holds no weights
        for weights_folder in weights_folders:
            if weights_folder.name not in entries:
                entries[weights_folder.name] = _read_entry(weights_folder)
    return [entries[weights_name] for weights_name in sorted(entries)]


def _read_entry(folder: Path) -> WeightsEntry:
    try:
        card = read_card(folder)
        card.labels()
        _check_header(folder / MODEL_FILE)
    except EngineError as error:
        return WeightsEntry(folder.name, folder, None, error.message)
    return WeightsEntry(folder.name, folder, card)


def find_weights(name: str | Path) -> Path:
    """The folder of the weights called `name`, or `name` itself if it is such a folder's path.

    Raises WeightsError that names what there is.
    """
    weights_name = str(name)
    if isinstance(name, Path) or any(separator in weights_name for separator in ("/", os.sep)):
        folder = Path(name).expanduser()
        if (folder / CARD_FILE).is_file():
            return folder
        raise WeightsError('"{0}" is not a weights folder: it has no {1}; choose one that has.', folder, CARD_FILE)
    if weights_name and weights_name not in (".", ".."):
        for search_folder in search_path():
            if (search_folder / weights_name).is_dir():
                return search_folder / weights_name
    installed_names = [entry.name for entry in list_weights()]
    close_matches = difflib.get_close_matches(weights_name, installed_names, n=1)
    if close_matches:
        raise WeightsError('There are no weights called "{0}"; did you mean "{1}"?', weights_name, close_matches[0])
    alternatives = (
        Message("there are {0}", ", ".join(installed_names))
        if installed_names
        else Message('none were found; put a folder into "{0}"', user_weights_folder())
    )
    raise WeightsError('There are no weights called "{0}"; {1}.', weights_name, alternatives)


def lasting_name(weights: str | Path) -> str:
    """What a request should call these weights: their name where it leads to them, else the absolute path."""
    folder = find_weights(weights).resolve()
    try:
        return folder.name if find_weights(folder.name).resolve() == folder else str(folder)
    except WeightsError:  # a folder outside the search path
        return str(folder)


# ---------------------------------------------------------------- reading


def load_weights(folder: str | Path) -> Weights:
    """Read and check a weights folder (a path, or a name for `find_weights`, as which a bare word always counts).

    Raises WeightsError: no card, no or truncated or foreign tensors, a SHA-256 that is not the card's.
    """
    weights_folder = folder if isinstance(folder, Path) and folder.is_dir() else find_weights(folder)
    card = check_weights(weights_folder)
    return Weights(card, read_tensors(weights_folder / MODEL_FILE), weights_folder)


def check_weights(folder: Path) -> Card:
    """The card of a weights folder whose tensors file is the one that it describes; no tensor is loaded.

    Raises WeightsError as `load_weights` does.
    """
    card = read_card(folder)
    tensors_file = folder / MODEL_FILE
    _check_header(tensors_file)
    _check_digest(tensors_file, card)
    return card


def read_tensors(tensors_file: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU. Raises WeightsError or OutOfMemory."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        check_regular(tensors_file)
        state = load_file(tensors_file)
    except OSError as error:
        raise WeightsError(cannot("read", tensors_file, error).message, details=repr(error)) from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError('"{0}" is damaged; get the weights again.', tensors_file, details=repr(error)) from error
    except MemoryError as error:
        raise OutOfMemory('There is not enough memory to load "{0}"; close other programs.', tensors_file) from error
    check_numbers(state, tensors_file)
    return state


def check_numbers(state: Mapping[str, Tensor], tensors_file: PathLike) -> None:
    """Raises WeightsError where a tensor holds what is no number or infinite: it would paint black in silence."""
    for tensor_name, tensor in state.items():
        if tensor.is_floating_point() and tensor.numel():
            lowest, highest = tensor.aminmax()  # what is no number is both
            if not (lowest.isfinite() and highest.isfinite()):
                raise WeightsError(
                    '"{0}" holds what is no number (in {1}); get the weights again.', tensors_file, repr(tensor_name)
                )


def _check_header(tensors_file: Path) -> None:
    """Tell a foreign or truncated tensors file from its first bytes and its size."""
    try:
        file_size = tensors_file.stat().st_size
        with open_regular(tensors_file) as file:
            header_length = int.from_bytes(file.read(8), "little")
            header = file.read(header_length) if 2 <= header_length <= 100 << 20 else b""
    except OSError as error:
        raise WeightsError(cannot("read", tensors_file, error).message, details=repr(error)) from error
    if not header.startswith(b"{"):
        raise WeightsError(
            '"{0}" is not a safetensors file; get the weights again, or import a .pth file as new weights.',
            tensors_file,
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
            tensors_file, details=repr(error),
        ) from error
    if file_size != expected_size:
        condition = Message("incomplete") if file_size < expected_size else Message("damaged")
        raise WeightsError(
            '"{0}" is {1} ({2} of {3} bytes); get the weights again.',
            tensors_file, condition, f"{file_size:,}", f"{expected_size:,}",
        )


def _check_digest(tensors_file: Path, card: Card) -> None:
    if not card.sha256:
        raise WeightsError(
            'The card of "{0}" has no sha256, so the weights cannot be checked; get them again.', tensors_file
        )
    try:
        status = tensors_file.stat()
        digest = _digest(tensors_file, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise WeightsError(cannot("read", tensors_file, error).message, details=repr(error)) from error
    if digest != card.sha256.lower():
        raise WeightsError(
            '"{0}" is not the file that its card describes (its SHA-256 differs); get the weights again.',
            tensors_file, details=f"card: {card.sha256}\nfile: {digest}",
        )


def check_styles(folder: Path, card: Card) -> None:
    """Raises WeightsError where the measured styles in a weights folder are not those of its card."""
    styles_file = folder / STYLES_FILE
    if not card.styles_sha256:
        return
    try:
        status = styles_file.stat()
        digest = _digest(styles_file, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise WeightsError(cannot("read", styles_file, error).message, details=repr(error)) from error
    if digest != card.styles_sha256.lower():
        raise WeightsError(
            '"{0}" is not the file that the card of "{1}" describes; measure styles again.', styles_file, card.name
        )


@lru_cache(maxsize=64)
def _digest(tensors_file: Path, file_size: int, modified_ns: int) -> str:
    """SHA-256 of a file; size and time of change are in the key so that a changed file is read again."""
    digest = hashlib.sha256()
    with open_regular(tensors_file) as file:
        while file_block := file.read(1 << 20):
            digest.update(file_block)
    return digest.hexdigest()


# ---------------------------------------------------------------- writing


def save_weights(
    folder: PathLike, card: Card, state: dict[str, Tensor], *, samples: np.ndarray | None = None
) -> Card:
    """Write a weights folder and give back the card with its SHA-256.

    Tensors keep their precision. All files are complete on the disk before one replaces an older one, so
    a full disk leaves the old weights as they were. What was made with other tensors of that name (sample sheets,
    measured styles) goes. `samples`: (H, W, 3) uint8 for samples.png. Raises BadFile.
    """
    from safetensors.torch import save

    folder = make_folder(folder)
    tensor_bytes = save(_saveable(state), metadata={"format": "pt"})
    card = card.replace(sha256=hashlib.sha256(tensor_bytes).hexdigest(), schema=CARD_SCHEMA)
    card_json = json.dumps(msgspec.to_builtins(card), ensure_ascii=False, indent=1) + "\n"
    contents = {CARD_FILE: card_json.encode("utf-8"), MODEL_FILE: tensor_bytes}
    if samples is not None:
        contents[SAMPLES_FILE] = encode_png(samples)
    with ExitStack() as open_files:  # all are complete on the disk before the first one replaces anything
        for file_name, file_bytes in contents.items():
            file = open_files.enter_context(atomic_write(folder / file_name))
            file.write(file_bytes)
            file.flush()
            os.fsync(file.fileno())
        outdated = (
            [] if _holds_tensors_of(folder, card) else [name for name in MADE_WITH_TENSORS if name not in contents]
        )
    for file_name in outdated:
        try:
            (folder / file_name).unlink(missing_ok=True)
        except OSError as error:
            raise cannot("remove", folder / file_name, error) from error
    return card


def _holds_tensors_of(folder: Path, card: Card) -> bool:
    """Whether the tensors in a folder, by its own card, are those of `card`."""
    try:
        return read_card(folder).sha256 == card.sha256
    except BadFile:  # none, or one that cannot be read: what lies there is of something else
        return False


def _saveable(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Detached, contiguous CPU tensors that share no memory, as safetensors wants them."""
    storage_pointers: set[int] = set()
    own_tensors: dict[str, Tensor] = {}
    for tensor_name, tensor in state.items():
        own_tensor = tensor.detach().cpu().contiguous()
        pointer = own_tensor.untyped_storage().data_ptr()
        if pointer in storage_pointers or own_tensor.untyped_storage().nbytes() != own_tensor.nbytes:
            own_tensor = own_tensor.clone()
        storage_pointers.add(pointer)
        own_tensors[tensor_name] = own_tensor
    return own_tensors
