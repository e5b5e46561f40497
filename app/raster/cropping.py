"""Which part of a photo becomes a document, and of what size: the arithmetic of crops, without widgets.

A document's sides are whole strides of its weights, so that it is painted exactly as it is drawn, and a crop that
someone changed has the form of the document to the pixel, so that nothing is stretched. Sizes are (height, width).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from app.raster.boxes import Box
from engine.painting.sizes import MAX_FULL, encoded_size

Size = tuple[int, int]

LEAST = 32
"""Pixels of a crop's shorter side, where the photo has as many."""

SEEN = 1.25
"""From this factor on, a label map is seen to be enlarged or stretched."""


class Handle(NamedTuple):
    """A corner or an edge of a crop by its direction from the middle: -1, 0 or 1, to the right and downwards."""

    across: int
    down: int


MIDDLE = Handle(0, 0)


@dataclass(frozen=True)
class Cropping:
    """A crop of a photo and the size of the document that it becomes; every change gives another one.

    photo: size of the photo. crop: inside it, in its pixels. size: the document's, whole strides of up to `longest`.
    chosen: the crop that was last set by itself; sizes are fitted around it, so that trying several loses nothing.
    """

    photo: Size
    crop: Box
    size: Size
    stride: int
    chosen: Box

    @classmethod
    def proposed(cls, photo: Size, crop: Box, size: Size, stride: int) -> Cropping:
        """What to begin with. The size may differ from the crop's form by what makes its sides whole strides."""
        return cls(photo, crop, size, stride, crop)

    @property
    def longest(self) -> int:
        """Most pixels of a side of the document."""
        return MAX_FULL // self.stride * self.stride

    @property
    def share(self) -> float:
        """How much of the photo is in the crop, 0 to 1."""
        return self.crop.width * self.crop.height / (self.photo[0] * self.photo[1])

    @property
    def enlarges(self) -> bool:
        """Whether the document has so many more pixels a side than the crop that borders are seen to be coarse."""
        return self._scale(self.crop, self.size) < 1 / SEEN

    @property
    def stretches(self) -> bool:
        """Whether the document has so much another form than the crop that it is seen."""
        rows, columns = self.crop.height / self.size[0], self.crop.width / self.size[1]
        return max(rows, columns) >= SEEN * min(rows, columns)

    # ------------------------------------------------------------ the crop

    def moved(self, columns: int, rows: int) -> Cropping:
        """The crop elsewhere, as far as the photo reaches."""
        x0 = _inside(self.crop.x0 + columns, self.crop.width, self.photo[1])
        y0 = _inside(self.crop.y0 + rows, self.crop.height, self.photo[0])
        crop = Box(x0, y0, x0 + self.crop.width, y0 + self.crop.height)
        return replace(self, crop=crop, chosen=crop)

    def dragged(self, handle: Handle, x: float, y: float) -> Cropping:
        """A corner or an edge pulled to a point of the photo; the opposite one stays. A corner keeps the form, an edge
        changes it by whole strides of the document, whose longer side stays as it is."""
        reach_x = (x - (self.crop.x0 if handle.across > 0 else self.crop.x1)) * handle.across
        reach_y = (y - (self.crop.y0 if handle.down > 0 else self.crop.y1)) * handle.down
        if handle.across and handle.down:
            return self._set(self.size, max(reach_y / self.size[0], reach_x / self.size[1]), handle)
        if handle.across:
            reach = min(max(1, round(reach_x)), self._room(handle)[1])
            size = encoded_size(self.crop.height, reach, self.stride, max(self.size))
            return self._set(size, self.crop.height / size[0], handle)
        reach = min(max(1, round(reach_y)), self._room(handle)[0])
        size = encoded_size(reach, self.crop.width, self.stride, max(self.size))
        return self._set(size, self.crop.width / size[1], handle)

    def scaled(self, factor: float) -> Cropping:
        """The crop larger or smaller around its middle, of the same form."""
        return self._set(self.size, factor * self._scale(self.crop, self.size), MIDDLE)

    def widened(self, steps: int) -> Cropping:
        """Another form, one stride of the document wider (1) or narrower (-1), around the crop's middle."""
        height, width = self.size
        size = _longer(width, height, self.stride)[::-1] if steps > 0 else _longer(height, width, self.stride)
        return self if size == self.size else self._set(size, self.crop.height / size[0], MIDDLE)

    def heightened(self, steps: int) -> Cropping:
        """Another form, one stride of the document higher (1) or lower (-1), around the crop's middle."""
        height, width = self.size
        size = _longer(height, width, self.stride) if steps > 0 else _longer(width, height, self.stride)[::-1]
        return self if size == self.size else self._set(size, self.crop.width / size[1], MIDDLE)

    # ------------------------------------------------------------ the document's size

    def with_width(self, width: int, *, keeps_form: bool) -> Cropping:
        """The document as wide as whole strides allow; its height follows the form of the crop, or the crop the form
        of the document."""
        if keeps_form:
            width, height = self._with_other_side(width, self.chosen.height / self.chosen.width)
            return self._sized((height, width))
        return self._sized((self.size[0], self._whole(width)))

    def with_height(self, height: int, *, keeps_form: bool) -> Cropping:
        """As `with_width`."""
        if keeps_form:
            return self._sized(self._with_other_side(height, self.chosen.width / self.chosen.height))
        return self._sized((self._whole(height), self.size[1]))

    def _with_other_side(self, side: int, ratio: float) -> Size:
        """A side and `ratio` times as much, both in whole strides; the longer one has the limit."""
        return self._whole(min(side, self.longest / ratio)), self._whole(min(side, self.longest) * ratio)

    def _whole(self, side: float) -> int:
        return min(self.longest, max(self.stride, round(side / self.stride) * self.stride))

    def _sized(self, size: Size) -> Cropping:
        """The size with all of the chosen crop in it, as far as the photo reaches."""
        if size == self.size:
            return self
        around = replace(self, crop=self.chosen)
        return replace(around._set(size, self._scale(self.chosen, size), MIDDLE), chosen=self.chosen)

    # ------------------------------------------------------------ inside

    @staticmethod
    def _scale(crop: Box, size: Size) -> float:
        """Photo pixels for each of the document's, so that all of the crop is seen."""
        return max(crop.height / size[0], crop.width / size[1])

    def _room(self, handle: Handle) -> Size:
        """How large the crop can become when that corner or edge is pulled."""
        height, width = self.photo
        rows = {1: height - self.crop.y0, 0: height, -1: self.crop.y1}[handle.down]
        columns = {1: width - self.crop.x0, 0: width, -1: self.crop.x1}[handle.across]
        return rows, columns

    def _set(self, size: Size, scale: float, handle: Handle) -> Cropping:
        """The crop of a size's form, `scale` photo pixels for each of the document's, as far as there is room; what is
        opposite the handle stays where it is, else the middle."""
        rows, columns = self._room(handle)
        longer = max(size)
        most = min(rows * longer // size[0], columns * longer // size[1])
        least = -(-LEAST * longer // min(size))
        side = min(most, max(least, round(scale * longer)))
        height, width = (max(1, round(side * extent / longer)) for extent in size)
        x0 = _start(handle.across, self.crop.x0, self.crop.x1, width, self.photo[1])
        y0 = _start(handle.down, self.crop.y0, self.crop.y1, height, self.photo[0])
        crop = Box(x0, y0, x0 + width, y0 + height)
        return replace(self, crop=crop, size=size, chosen=crop)


def _inside(start: int, extent: int, room: int) -> int:
    return min(max(0, start), room - extent)


def _start(direction: int, start: int, end: int, extent: int, room: int) -> int:
    """Where something of that extent begins that is pulled in a direction from (start, end), or around its middle."""
    if direction:
        return start if direction > 0 else end - extent
    return _inside(round((start + end - extent) / 2), extent, room)


def _longer(along: int, across: int, stride: int) -> Size:
    """A form one stride longer one way; the longer of both sides stays as it is."""
    return (along + stride, across) if along < across else (along, max(stride, across - stride))
