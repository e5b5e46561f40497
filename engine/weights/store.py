"""Weights folders, found, read, checked and written; `engine/weights/folder.py` says what their files are called.

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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import BadFile, EngineError, Message, OutOfMemory, WeightsError
from engine.files import (
    PathLike,
    cannot,
    check_regular,
    make_folder,
    root,
    user_data_folder,
    write_bytes,
    write_text,
)
from engine.pictures.images import encode_png
from engine.weights.card import CARD_FILE, CARD_SCHEMA, Card, read_card
from engine.weights.checks import check_digest, check_header, check_numbers, is_whole
from engine.weights.folder import (
    MODEL_FILE,
    SAMPLES_FILE,
    STYLES_FILE,
    is_unfinished,
    named,
    remove_unused,
    sheet_file,
    styles_file,
    tensors_file,
)

if TYPE_CHECKING:
    from torch import Tensor


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
    def tensors(self) -> Path:
        """The tensors file, which may be missing where the weights are broken."""
        return self.folder / MODEL_FILE if self.card is None else tensors_file(self.folder, self.card)

    @property
    def samples(self) -> Path | None:
        """The picture sheet beside the weights, if there is one."""
        if self.card is None:
            return None
        sheet_path = sheet_file(self.folder, self.card)
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
            if weights_folder.name not in entries and not is_unfinished(weights_folder):
                entries[weights_folder.name] = _read_entry(weights_folder)
    return [entries[weights_name] for weights_name in sorted(entries)]


def _read_entry(folder: Path) -> WeightsEntry:
    try:
        card = read_card(folder)
        card.labels()
        check_header(tensors_file(folder, card))
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
    return Weights(card, read_tensors(tensors_file(weights_folder, card)), weights_folder)


def check_weights(folder: Path) -> Card:
    """The card of a weights folder whose tensors file is the one that it describes; no tensor is loaded.

    Raises WeightsError as `load_weights` does.
    """
    card = read_card(folder)
    path = tensors_file(folder, card)
    check_header(path)
    check_digest(path, card)
    return card


def read_tensors(tensors_path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU. Raises WeightsError or OutOfMemory."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        check_regular(tensors_path)
        state = load_file(tensors_path)
    except OSError as error:
        raise WeightsError(cannot("read", tensors_path, error).message, details=repr(error)) from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError('"{0}" is damaged; get the weights again.', tensors_path, details=repr(error)) from error
    except MemoryError as error:
        raise OutOfMemory('There is not enough memory to load "{0}"; close other programs.', tensors_path) from error
    check_numbers(state, tensors_path)
    return state


# ---------------------------------------------------------------- writing


def save_weights(
    folder: PathLike,
    card: Card,
    state: Mapping[str, Tensor],
    *,
    styles: Mapping[str, Tensor] | None = None,
    samples: np.ndarray | None = None,
) -> Card:
    """Write a weights folder and give back the card with its hashes.

    Weights that stand there are replaced in one step, by their card: whatever stops this, the old or the new ones are
    whole. What was made with other tensors of that name (sample sheets, measured styles) goes.

    Args:
        folder: of these weights alone.
        card: sha256 and schema are filled in.
        state: tensors by name; they keep their precision.
        styles: measured styles (`engine/painting/style_spread.py`); those that `card` names stay unless given.
        samples: (H, W, 3) uint8, the picture sheet; the one of these tensors stays unless given.

    Raises BadFile.
    """
    folder = make_folder(folder)
    contents: dict[Path, bytes] = {}
    tensor_bytes = _packed(state, {"format": "pt"})
    card = card.replace(sha256=hashlib.sha256(tensor_bytes).hexdigest(), schema=CARD_SCHEMA)
    if not is_whole(tensors_file(folder, card), card.sha256):
        contents[folder / named(MODEL_FILE, card.sha256)] = tensor_bytes
    if samples is not None:
        sheet_name = named(SAMPLES_FILE, card.sha256) if contents else sheet_file(folder, card).name
        contents[folder / sheet_name] = encode_png(samples)
    return _replace(folder, *_with_styles(folder, card, contents, styles))


def save_styles(folder: Path, card: Card, styles: Mapping[str, Tensor]) -> Card:
    """Write measured styles beside the weights in `folder`, whose card becomes `card` with their hash; gives that back.

    The old or the new ones are whole whatever stops this. Raises BadFile.
    """
    return _replace(folder, *_with_styles(folder, card, {}, styles))


def _with_styles(
    folder: Path, card: Card, contents: dict[Path, bytes], styles: Mapping[str, Tensor] | None
) -> tuple[Card, dict[Path, bytes]]:
    """A card, and what is to be written before it, with measured styles."""
    if styles is None:
        return card, contents
    style_bytes = _packed(styles)
    card = card.replace(styles_sha256=hashlib.sha256(style_bytes).hexdigest())
    if is_whole(styles_file(folder, card), card.styles_sha256):
        return card, contents
    return card, contents | {folder / named(STYLES_FILE, card.styles_sha256): style_bytes}


def _replace(folder: Path, card: Card, contents: Mapping[Path, bytes]) -> Card:
    """Write files, then the card that names them; what it does not name goes. Gives the card back. Raises BadFile."""
    card_json = json.dumps(msgspec.to_builtins(card), ensure_ascii=False, indent=1) + "\n"
    new_paths = [path for path in contents if not path.exists()]
    try:
        for path, file_bytes in contents.items():
            write_bytes(path, file_bytes)
        write_text(folder / CARD_FILE, card_json)
    except BadFile:  # a full disk is not to hold what no card names
        for path in new_paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        raise
    remove_unused(folder, card)
    return card


def _packed(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    from safetensors.torch import save

    return save(_saveable(tensors), metadata=metadata)


def _saveable(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
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
