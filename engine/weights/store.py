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
from engine.files import PathLike, atomic_write, cannot, make_folder, root, user_data_folder
from engine.pictures.images import encode_png
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
        path = self.folder / SAMPLES_FILE
        return path if path.is_file() else None


# ---------------------------------------------------------------- finding


def user_weights_folder() -> Path:
    """Where imported and trained weights of this user go (it may not exist yet)."""
    return user_data_folder() / "weights"


def search_path() -> tuple[Path, ...]:
    """Folders that hold weights folders, the first winning: $TESSERA_WEIGHTS, the user's, the bundled."""
    given = [
        Path(part).expanduser() for part in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if part.strip()
    ]
    return tuple(dict.fromkeys([*given, user_weights_folder(), root() / "weights"]))


def list_weights() -> list[WeightsEntry]:
    """All weights on the search path by name, broken ones with their reason. Never raises.

    Cards and file headers are read, tensors are not; `load_weights` checks the SHA-256.
    """
    entries: dict[str, WeightsEntry] = {}
    for place in search_path():
        try:
            folders = sorted(
                path for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")
            )
        except OSError:
            continue  # a place that is not there holds no weights
        for folder in folders:
            if folder.name not in entries:
                entries[folder.name] = _entry(folder)
    return [entries[name] for name in sorted(entries)]


def _entry(folder: Path) -> WeightsEntry:
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
    text = str(name)
    if isinstance(name, Path) or any(sign in text for sign in ("/", os.sep)):
        folder = Path(name).expanduser()
        if (folder / CARD_FILE).is_file():
            return folder
        raise WeightsError('"{0}" is not a weights folder: it has no {1}; choose one that has.', folder, CARD_FILE)
    if text and text not in (".", ".."):
        for place in search_path():
            if (place / text).is_dir():
                return place / text
    names = [entry.name for entry in list_weights()]
    near = difflib.get_close_matches(text, names, n=1)
    if near:
        raise WeightsError('There are no weights called "{0}"; did you mean "{1}"?', text, near[0])
    there = (
        Message("there are {0}", ", ".join(names))
        if names
        else Message('none were found; put a folder into "{0}"', user_weights_folder())
    )
    raise WeightsError('There are no weights called "{0}"; {1}.', text, there)


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
    path = folder if isinstance(folder, Path) and folder.is_dir() else find_weights(folder)
    card = check_weights(path)
    return Weights(card, read_tensors(path / MODEL_FILE), path)


def check_weights(folder: Path) -> Card:
    """The card of a weights folder whose tensors file is the one that it describes; no tensor is loaded.

    Raises WeightsError as `load_weights` does.
    """
    card = read_card(folder)
    model = folder / MODEL_FILE
    _check_header(model)
    _check_digest(model, card)
    return card


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU. Raises WeightsError or OutOfMemory."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except OSError as error:
        raise WeightsError(cannot("read", path, error).message, details=repr(error)) from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError('"{0}" is damaged; get the weights again.', path, details=repr(error)) from error
    except MemoryError as error:
        raise OutOfMemory('There is not enough memory to load "{0}"; close other programs.', path) from error


def _check_header(path: Path) -> None:
    """Tell a foreign or truncated tensors file from its first bytes and its size."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as handle:
            length = int.from_bytes(handle.read(8), "little")
            header = handle.read(length) if 2 <= length <= 100 << 20 else b""
    except OSError as error:
        raise WeightsError(cannot("read", path, error).message, details=repr(error)) from error
    if not header.startswith(b"{"):
        raise WeightsError(
            '"{0}" is not a safetensors file; get the weights again, or import a .pth file as new weights.', path
        )
    try:
        ends = [v["data_offsets"][1] for k, v in json.loads(header).items() if k != "__metadata__"]
        expected = 8 + length + int(max(ends, default=0))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        # A header cut in its middle is no JSON either.
        raise WeightsError(
            '"{0}" is damaged or incomplete; get the weights again.',
            path, details=repr(error),
        ) from error
    if size != expected:
        word = Message("incomplete") if size < expected else Message("damaged")
        raise WeightsError(
            '"{0}" is {1} ({2} of {3} bytes); get the weights again.',
            path, word, f"{size:,}", f"{expected:,}",
        )


def _check_digest(path: Path, card: Card) -> None:
    if not card.sha256:
        raise WeightsError('The card of "{0}" has no sha256, so the weights cannot be checked; get them again.', path)
    try:
        status = path.stat()
        digest = _digest(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise WeightsError(cannot("read", path, error).message, details=repr(error)) from error
    if digest != card.sha256.lower():
        raise WeightsError(
            '"{0}" is not the file that its card describes (its SHA-256 differs); get the weights again.',
            path, details=f"card: {card.sha256}\nfile: {digest}",
        )


@lru_cache(maxsize=64)
def _digest(path: Path, size: int, modified: int) -> str:
    """SHA-256 of a file; size and time of change are in the key so that a changed file is read again."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
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
    data = save(_plain(state), metadata={"format": "pt", "tessera": card.name})
    card = card.replace(sha256=hashlib.sha256(data).hexdigest(), schema=CARD_SCHEMA)
    text = json.dumps(msgspec.to_builtins(card), ensure_ascii=False, indent=1) + "\n"
    contents = {CARD_FILE: text.encode("utf-8"), MODEL_FILE: data}
    if samples is not None:
        contents[SAMPLES_FILE] = encode_png(samples)
    with ExitStack() as stack:  # all are complete on the disk before the first one replaces anything
        for name, content in contents.items():
            handle = stack.enter_context(atomic_write(folder / name))
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        outdated = [] if _holds(folder, card) else [name for name in MADE_WITH_TENSORS if name not in contents]
    for name in outdated:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise cannot("remove", folder / name, error) from error
    return card


def _holds(folder: Path, card: Card) -> bool:
    """Whether the tensors in a folder, by its own card, are those of `card`."""
    try:
        return read_card(folder).sha256 == card.sha256
    except BadFile:  # none, or one that cannot be read: what lies there is of something else
        return False


def _plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Detached, contiguous CPU tensors that share no memory, as safetensors wants them."""
    seen: set[int] = set()
    plain: dict[str, Tensor] = {}
    for name, tensor in state.items():
        value = tensor.detach().cpu().contiguous()
        pointer = value.untyped_storage().data_ptr()
        if pointer in seen or value.untyped_storage().nbytes() != value.nbytes:
            value = value.clone()
        seen.add(pointer)
        plain[name] = value
    return plain
