"""What the files of a weights folder are called, and which of them are in use.

    card.json  model-0123456789abcdef.safetensors  styles-....safetensors  samples-....png  variations-....png

The names carry the first 16 digits of a SHA-256 that the card says: of the measured styles for those, of the tensors
for all else. So what is written for new tensors never overwrites what belongs to others, and replacing the card turns
the old weights into the new ones in one step. In folders of earlier versions, and in those that come with Tessera,
names have no digits.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from engine.files import TEMPORARY_FILES
from engine.weights.card import CARD_FILE, Card

MODEL_FILE, STYLES_FILE = "model.safetensors", "styles.safetensors"
SAMPLES_FILE, VARIATIONS_FILE = "samples.png", "variations.png"
SHEETS = (SAMPLES_FILE, VARIATIONS_FILE)
"""Pictures that were painted with the tensors."""
_NAMED = re.compile(r"(?:model|styles)-[0-9a-f]{16}\.safetensors|(?:samples|variations)-[0-9a-f]{16}\.png")


def named(file_name: str, sha256: str) -> str:
    """The name of a file that belongs to what has this hash."""
    stem, suffix = file_name.rsplit(".", 1)
    digits = re.sub("[^0-9a-f]", "", sha256[:16].lower())  # a card may say anything
    return f"{stem}-{digits}.{suffix}"


def tensors_file(folder: Path, card: Card) -> Path:
    """Where the tensors of these weights are, or should be."""
    return _named_or_plain(folder, MODEL_FILE, card.sha256)


def styles_file(folder: Path, card: Card) -> Path:
    """Where the measured styles of these weights are, or should be."""
    path = _named_or_plain(folder, STYLES_FILE, card.styles_sha256)
    if not path.is_file() and tensors_file(folder, card).name != MODEL_FILE:
        return folder / named(STYLES_FILE, card.styles_sha256)
    return path


def sheet_file(folder: Path, card: Card, sheet_name: str = SAMPLES_FILE) -> Path:
    """Where a sheet of these weights is, or should be."""
    plain_names = tensors_file(folder, card).name == MODEL_FILE
    return folder / (sheet_name if plain_names else named(sheet_name, card.sha256))


def _named_or_plain(folder: Path, file_name: str, sha256: str) -> Path:
    named_file, plain_file = folder / named(file_name, sha256), folder / file_name
    if named_file.is_file() or plain_file.is_file():
        return named_file if named_file.is_file() else plain_file
    candidates = list(folder.glob(file_name.replace(".", "-*.")))
    return candidates[0] if len(candidates) == 1 else plain_file  # the only one: reading it tells that it is another


def files_in_use(folder: Path, card: Card) -> set[Path]:
    """The files that a card names, whether they are there or not."""
    sheets = {sheet_file(folder, card, sheet_name) for sheet_name in SHEETS}
    styles = {styles_file(folder, card)} if card.styles_sha256 else set()
    return {folder / CARD_FILE, tensors_file(folder, card)} | sheets | styles


def own_files(folder: Path) -> list[Path]:
    """All that Tessera wrote into a weights folder, without its card. Raises OSError."""
    plain_names = {MODEL_FILE, STYLES_FILE, *SHEETS}
    return [path for path in sorted(folder.iterdir()) if path.name in plain_names or _may_be_left(path)]


def remove_unused(folder: Path, card: Card) -> None:
    """Remove what Tessera wrote and the card of the folder does not name."""
    used_files = files_in_use(folder, card)
    for path in own_files(folder):
        if path not in used_files and not path.match(TEMPORARY_FILES):
            with suppress(OSError):  # what another program holds open stays until the next time
                path.unlink()


def is_taken(folder: Path) -> bool:
    """Whether a folder holds anything but what a publishing left that was killed before there was a card."""
    try:
        return not all(map(_may_be_left, folder.iterdir()))
    except OSError:  # none, or none that can be: writing it says why
        return False


def is_unfinished(folder: Path) -> bool:
    """Whether a folder holds what a publishing left that was killed before there was a card, and nothing else."""
    with suppress(OSError):
        return any(folder.iterdir()) and not is_taken(folder)
    return False


def _may_be_left(path: Path) -> bool:
    return bool(_NAMED.fullmatch(path.name)) or path.match(TEMPORARY_FILES)
