"""Little pictures of styles: made in a worker, kept in memory and, across starts, in the user's cache."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPixmap

from app.imaging.pixels import region_crop, to_qimage
from app.imaging.thumbnail_folder import ThumbnailFolder
from app.jobs.photos import style_label_map
from app.jobs.work_lane import Work, WorkLane
from app.shell.paths import user_dir
from engine.labels.label_sets import LabelSet
from engine.pictures.images import read_image, resize_image
from engine.requests.styles import ColourStyle, ImageStyle, MixStyle, SampleStyle, Style, simple_parts

SIDE = 192
KEPT = 400  # in memory: 400 x 192 x 192 x 4 bytes = 56 MB at most
MAX_SIDE = 1024
DRAWN_SIDE = 256
TELL_S = 0.1
"""Pictures that come one after the other are told of together: every panel looks at all of its own again."""


@dataclass(frozen=True)
class Place:
    """Whose style it is: a drawn one looks different with other weights and for another label."""

    weights: str
    label: int
    fingerprint: str = ""  # of the weights: others may take their name


def thumbnail_key(style: ImageStyle) -> str:
    """What decides a thumbnail: the file as it is now, its label map and the label."""
    path = Path(style.path)
    try:
        stat = path.stat()
        file = f"{path.absolute()}|{stat.st_mtime_ns}|{stat.st_size}"
    except OSError:
        file = f"{path}|missing"
    text = f"1|{file}|{style.label}|{style.label_map_path or ''}|{style.label_map_png or ''}"
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def make_thumbnail(pixels: np.ndarray, label_map: np.ndarray, label: int) -> QImage | None:
    """(H, W, 3) and (h, w) to a SIDE x SIDE image of the region; None where the label is absent."""
    crop = region_crop(pixels, label_map, label)
    if crop is None:
        return None
    return to_qimage(crop).scaled(
        SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )


def make_thumbnails(
    styles: Iterable[ImageStyle], pixels: np.ndarray, label_map: np.ndarray
) -> dict[ImageStyle, QImage | None]:
    """Pictures of styles that come from one photo, (H, W, 3) uint8 with its label map: for the worker that has just
    read it, so that nothing need be read again."""
    return {style: make_thumbnail(pixels, label_map, style.label) for style in styles}


class Thumbnails(QObject):
    """Gives pixmaps of styles at once when it has them; otherwise starts making them and says when."""

    changed = Signal()

    def __init__(
        self,
        lane: WorkLane,
        folder: Path | None = None,
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock``: for tests."""
        super().__init__(parent)
        self._clock, self._last_told = clock, float("-inf")
        self._lane = lane
        self._folder = ThumbnailFolder(folder or user_dir("cache") / "thumbnails")
        self._images: OrderedDict[str, QImage | None] = OrderedDict()
        self._wanted: set[str] = set()
        self._keys: dict[ImageStyle, str] = {}
        self._drawn: OrderedDict[tuple[Place, int], QImage] = OrderedDict()  # by place and seed

    def take(self, image_by_style: Mapping[ImageStyle, QImage | None]) -> None:
        """Remember pictures of styles that `make_thumbnails` has made in a worker."""
        keyed = {style: thumbnail_key(style) for style in image_by_style}
        self._keys.update(keyed)
        for style, image in image_by_style.items():
            self._keep(keyed[style], image)
        images = {keyed[style]: image for style, image in image_by_style.items() if image is not None}
        self._lane.submit(lambda work: self._save(work, images), text=self.tr("Preparing thumbnails"))
        self.changed.emit()

    def put_drawn(self, drawn: Sequence[tuple[Place, int]], pixels: np.ndarray, label_map: np.ndarray) -> None:
        """Remember what drawn styles, each with its seed, look like: their regions in a picture painted with them."""
        step = max(1, min(label_map.shape) // DRAWN_SIDE)  # in the GUI thread: a large picture is thinned out
        pixels, label_map = pixels[::step, ::step], label_map[::step, ::step]
        present = np.bincount(label_map.ravel(), minlength=256)
        for place, seed in drawn:
            image = make_thumbnail(pixels, label_map, place.label) if present[place.label] else None
            if image is not None:
                self._drawn[place, seed] = image
        while len(self._drawn) > KEPT:
            self._drawn.popitem(last=False)
        if any(self.knows_drawn(place, seed) for place, seed in drawn):
            self.changed.emit()

    def knows_drawn(self, place: Place, seed: int) -> bool:
        """Whether there is a picture of a drawn style."""
        return (place, seed) in self._drawn

    def pixmap(
        self, style: Style, label_set: LabelSet, side: int, ratio: float = 1.0, *, place: Place | None = None
    ) -> QPixmap | None:
        """A square pixmap of ``side`` pixels; None for the mean style and while (or when) there is none.

        ``place``: whose style it is; without it drawn styles have no picture.
        """
        wanted = [self._look(simple, label_set, place) for simple in _simple_styles(style)]
        images = [image for image in wanted if image is not None]
        return _compose(images, isinstance(style, MixStyle), side, ratio) if images else None

    # --- inside -------------------------------------------------------------------------------------

    def _key(self, style: ImageStyle) -> str:
        """Asked on every repaint: the file is looked at once, not each time."""
        key = self._keys.get(style)
        if key is None:
            if len(self._keys) > 4 * KEPT:
                self._keys.clear()
            self._keys[style] = key = thumbnail_key(style)
        return key

    def _look(
        self, style: ImageStyle | SampleStyle | ColourStyle, label_set: LabelSet, place: Place | None
    ) -> QImage | None:
        if isinstance(style, ImageStyle):
            return self._image(style, label_set)
        if isinstance(style, ColourStyle):
            return _swatch(style)
        return None if place is None else self._drawn.get((place, style.seed))

    def _image(self, style: ImageStyle, label_set: LabelSet) -> QImage | None:
        key = self._key(style)
        if key in self._images:
            self._images.move_to_end(key)
            return self._images[key]
        if key not in self._wanted:
            self._wanted.add(key)
            self._lane.submit(
                lambda work: _load(work, self._folder, key, style, label_set),
                text=self.tr("Preparing thumbnails"),
                on_done=lambda image: self._take_loaded(key, image),
                on_failed=lambda error: self._take_loaded(key, None),  # a missing file shows as a broken picture
            )
        return None

    def _take_loaded(self, key: str, image: QImage | None) -> None:
        self._wanted.discard(key)
        self._keep(key, image)
        now = self._clock()
        if not self._wanted or now - self._last_told >= TELL_S:
            self._last_told = now
            self.changed.emit()

    def _keep(self, key: str, image: QImage | None) -> None:
        self._images[key] = image
        while len(self._images) > KEPT:
            self._images.popitem(last=False)

    def _save(self, work: Work, images: Mapping[str, QImage]) -> None:
        """In the worker: for the next start of the application."""
        for key, image in images.items():
            work.check()
            self._folder.save(key, image)


def _simple_styles(style: Style) -> list[ImageStyle | SampleStyle | ColourStyle]:
    """The styles with a look of their own that a style is made of, each once, but for the halves of a mix."""
    parts = simple_parts(style) if isinstance(style, MixStyle) else dict.fromkeys(simple_parts(style))
    return [simple_style for simple_style in parts if isinstance(simple_style, ImageStyle | SampleStyle | ColourStyle)]


def _load(work: Work, folder: ThumbnailFolder, key: str, style: ImageStyle, label_set: LabelSet) -> QImage | None:
    """In the worker: from the cache, else from the picture itself."""
    kept = folder.load(key)
    if kept is not None:
        return kept
    work.check()
    pixels = read_image(Path(style.path), max_side=MAX_SIDE).pixels
    label_map = style_label_map(style, label_set)
    image: QImage | None
    if label_map is None:  # the parser found the regions and they were not kept: show the whole picture
        side = min(pixels.shape[:2])
        top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
        image = to_qimage(resize_image(pixels[top : top + side, left : left + side], SIDE, SIDE))
    else:
        image = make_thumbnail(pixels, label_map, style.label)
    if image is not None:
        folder.save(key, image)
    return image


def _swatch(style: ColourStyle) -> QImage:
    image = QImage(1, 1, QImage.Format.Format_RGB32)
    image.fill(QColor(style.colour))
    return image


def _compose(images: list[QImage], diagonal: bool, side: int, ratio: float) -> QPixmap:
    """One image as it is, two halves of a mix cut along the diagonal, several as stripes."""
    pixel_side = max(1, round(side * ratio))
    pixmap = QPixmap(pixel_side, pixel_side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    square = QRect(0, 0, pixel_side, pixel_side)
    for index, image in enumerate(images[:6]):
        clip_path = QPainterPath()
        if len(images) == 1:
            clip_path.addRect(square)
        elif diagonal and len(images) == 2:
            corner = (0, 0) if index == 0 else (pixel_side, pixel_side)
            clip_path.moveTo(*corner)
            clip_path.lineTo(pixel_side, 0)
            clip_path.lineTo(0, pixel_side)
            clip_path.closeSubpath()
        else:
            width = pixel_side / min(6, len(images))
            clip_path.addRect(index * width, 0, width, pixel_side)
        painter.setClipPath(clip_path)
        painter.drawImage(square, image)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
