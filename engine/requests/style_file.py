"""A style that a user keeps, as one file: a PNG that shows it and carries it.

The picture of a style that comes from a picture is that picture, at most `SIDE` pixels, so that the file is complete:
other weights encode it again, and a photo takes its colours from it, wherever the first file has gone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from engine.errors import BadFile, BadRequest
from engine.files import read_bytes, write_bytes
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.pictures.images import encode_png, read_image
from engine.pictures.png import STYLE_KEY, read_embedded_text
from engine.plain_data import BadText, parse_json
from engine.requests.base import Frozen
from engine.requests.label_map_data import encode_map
from engine.requests.styles import ImageStyle, Style

SIDE = 512
"""Longer side of a kept picture in pixels: twice of what networks and edits look at."""
SUFFIX = ".style.png"
"""What the name of a kept style's file ends in, behind the style's name and what tells it from others of that name."""
MOST_BYTES = 64 << 20
LONGEST_NAME = 80


class KeptStyle(Frozen, frozen=True, tag_field="kind", tag="style"):
    """A style under a name.

    labels: names of the label set that it is for, by id. label: the region that it was kept from. A style that comes
    from the file's own picture has the path "" in the file, and the file's path once it is read.
    """

    name: str
    labels: tuple[str, ...]
    label: Annotated[int, Meta(ge=0, le=255)]
    style: Style
    schema: Literal["tessera/1"] = "tessera/1"

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > LONGEST_NAME or not self.name.isprintable():
            raise BadRequest("The name of a style has 1 to {0} characters; choose another one.", LONGEST_NAME)

    def fits(self, label_set: LabelSet) -> bool:
        """Whether it is for documents of these labels."""
        return self.labels == tuple(label.name for label in label_set.labels) and self.label < len(label_set)


def make_kept(name: str, label_set: LabelSet, label: int, style: Style) -> KeptStyle:
    """A style under a name. Raises BadRequest: the name is empty or too long."""
    return KeptStyle(name=name.strip(), labels=tuple(each.name for each in label_set.labels), label=label, style=style)


def write_style(path: Path, kept: KeptStyle, look: np.ndarray) -> None:
    """Write a style with its picture, atomically. `look`: (H, W, 3) uint8, what it looks like, for those that come from
    no single picture. Raises BadFile: its picture cannot be read, or the file not be written."""
    if isinstance(kept.style, ImageStyle):
        style, look = _own_picture(kept.style)
        kept = kept.replace(style=style)
    write_bytes(path, _encoded(kept, look))


def rename_style(path: Path, name: str) -> None:
    """Give the style in a file another name; its picture stays. Raises BadFile, BadRequest."""
    data = read_bytes(path, limit=MOST_BYTES)
    renamed = _decoded(data, path).replace(name=name.strip())
    write_bytes(path, _encoded(renamed, read_image(data, name=f'"{path.name}"').pixels))


def read_style(path: Path) -> KeptStyle:
    """The style in a file. Raises BadFile: it cannot be read, or holds none."""
    kept = _decoded(read_bytes(path, limit=MOST_BYTES), path)
    own = isinstance(kept.style, ImageStyle) and not kept.style.path
    return kept.replace(style=kept.style.replace(path=str(path))) if own else kept


def _own_picture(style: ImageStyle) -> tuple[ImageStyle, np.ndarray]:
    """The style as one of a picture beside it, and that picture, with the label map of its size where one is given."""
    pixels = read_image(style.path, max_side=SIDE).pixels
    label_map = style.label_map()
    map_png = None if label_map is None else encode_map(resize_label_map(label_map, *pixels.shape[:2]))
    return style.replace(path="", label_map_png=map_png), pixels


def _encoded(kept: KeptStyle, pixels: np.ndarray) -> bytes:
    return encode_png(pixels, text=(STYLE_KEY, msgspec.json.encode(kept).decode("utf-8")))


def _decoded(data: bytes, path: Path) -> KeptStyle:
    try:
        return msgspec.convert(parse_json(read_embedded_text(data, STYLE_KEY) or ""), KeptStyle, str_keys=True)
    except (msgspec.MsgspecError, BadRequest, BadText) as error:
        raise BadFile('"{0}" holds no style; keep the style again.', path, details=repr(error)) from error
