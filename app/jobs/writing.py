"""What an export writes, without any widget. Every write replaces its target in one step or leaves it alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.files import write_bytes
from engine.labels.label_maps import MapKind, write_label_map
from engine.labels.label_sets import LabelSet
from engine.pictures.images import write_image
from engine.requests.json_text import to_json
from engine.requests.render import RenderRequest


def write_picture(path: Path, pixels: np.ndarray, request: RenderRequest) -> None:
    """The picture by the name's suffix; a PNG carries the request.

    Raises:
        BadFile: the suffix is unknown, or the file cannot be written; nothing partial stays.
    """
    carried = to_json(request) if path.suffix.lower() == ".png" else None
    write_image(path, pixels, request_json=carried)


def write_request(path: Path, request: RenderRequest) -> None:
    """The request alone, as JSON that the command line reads too. Raises BadFile."""
    write_bytes(path, (to_json(request, indent=1) + "\n").encode("utf-8"))


def write_map(path: Path, label_map: np.ndarray, label_set: LabelSet, kind: MapKind) -> None:
    """The label map as "indexed", "raw" or "colour" PNG. Raises BadFile."""
    write_label_map(path, label_map, label_set, kind=kind)
