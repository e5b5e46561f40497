"""Looking after installed weights: checking hashes, removing, cleaning, and what else could be put in place. No torch.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadFile, EngineError, Message
from engine.files import cannot, remove_abandoned, root
from engine.systems import all_systems
from engine.weights.card import CARD_FILE
from engine.weights.checks import check_styles
from engine.weights.feature_networks import find_network_file, install_folder
from engine.weights.folder import MODEL_FILE, own_files
from engine.weights.store import check_weights, find_weights, search_path, user_weights_folder


def problem_of(weights_name: str | Path) -> str:
    """What is wrong with installed weights, as a sentence; "" when the tensors are those that the card describes.

    Reads the whole tensors files once (a second per gigabyte or so); later calls know them unless a file changes.
    """
    try:
        folder = find_weights(weights_name)
        check_styles(folder, check_weights(folder))
    except EngineError as error:
        return str(error)
    return ""


def is_removable(folder: Path) -> bool:
    """Whether `remove_weights` would remove this folder: it is on the search path and did not come with Tessera."""
    return folder.parent.resolve() in {place.resolve() for place in search_path()} - {_bundled_folder()}


def remove_weights(weights_name: str | Path) -> Path:
    """Remove installed weights: their files, and the folder unless it holds something else. Returns the folder.

    Raises:
        WeightsError: there are no such weights.
        BadFile: they came with Tessera or lie outside the places where weights are kept, or cannot be removed.
    """
    folder = find_weights(weights_name)
    if not is_removable(folder):
        raise BadFile(
            '"{0}" is not in your own weights folder "{1}"; remove it by hand if you mean to.',
            folder, user_weights_folder(),
        )
    try:
        if folder.is_symlink():  # what it leads to is not ours to remove
            folder.unlink()
            return folder
        for path in (folder / CARD_FILE, *own_files(folder)):  # without its card it is no weights folder any more
            path.unlink(missing_ok=True)
        with suppress(OSError):  # something of the user's is in there: it stays
            folder.rmdir()
    except OSError as error:
        raise cannot("remove", error.filename or folder, error) from error
    return folder


def remove_abandoned_files() -> None:
    """Remove what processes that were killed left half written in the user's own weights folders."""
    with suppress(OSError):
        for folder in user_weights_folder().iterdir():
            remove_abandoned(folder)


def _bundled_folder() -> Path:
    return (root() / "weights").resolve()


# ---------------------------------------------------------------- what is not there


@dataclass(frozen=True)
class Missing:
    """Something that Tessera would use if it were there.

    name: what it is called; use: what it is good for, one clause; files, folder: what to put where; system: the id of
    the system whose weights it would be, "" for anything else.
    """

    name: str
    use: Message
    files: tuple[str, ...]
    folder: Path
    system: str = ""


NETWORKS = (
    (
        "mobilenet_v2_imagenet",
        Message("the perceptual loss of training and the Frechet distance FID-MobileNetV2"),
        ("mobilenet_v2_imagenet.safetensors", "mobilenet_v2_imagenet.json"),
    ),
    (
        "inception_v3",
        Message("the Frechet distance FID-InceptionV3 and the Inception score"),
        ("pt_inception-2015-12-05-6726825d.pth",),
    ),
    (
        "vgg19_imagenet",
        Message("the perceptual loss of training, as published"),
        ("vgg19_imagenet.safetensors",),
    ),
)


def missing(installed_systems: set[str] | None = None) -> list[Missing]:
    """Feature networks that are not installed, and systems without any weights.

    installed_systems: the systems of the weights that are installed; looked up unless given.
    """
    if installed_systems is None:
        from engine.weights.store import list_weights

        installed_systems = {entry.card.system for entry in list_weights() if entry.card is not None}
    networks = [
        Missing(network_name, usefulness, file_names, install_folder())
        for network_name, usefulness, file_names in NETWORKS
        if find_network_file(*file_names) is None
    ]
    file_names = f"NAME/{CARD_FILE}", f"NAME/{MODEL_FILE}"
    return networks + [
        Missing(system.id, Message("weights of this system"), file_names, user_weights_folder(), system.id)
        for system in all_systems()
        if system.id not in installed_systems
    ]
