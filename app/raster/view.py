"""The view transform between image pixels and widget pixels. Pure functions on frozen values, no Qt.

`scale` is widget (logical) pixels per image pixel. On a high-density screen one widget pixel is several
device pixels, so the zoom that a user reads, device pixels per image pixel, is `scale * device_ratio`: at 100
% each image pixel is exactly one pixel of the screen.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

MIN_ZOOM = 1 / 64
MAX_ZOOM = 64.0
SQUARE_FROM = 2.0  # from this zoom on, label pixels are shown as squares
FIT_MARGIN = 16.0  # widget pixels left free around a fitted image
LEAST_SEEN = 32.0  # widget pixels of an image that stay visible each way, however far it is moved
DIRTY_MARGIN = 2.0  # widget pixels painted again around what changed
WHEEL_STEP = 1.25  # zoom factor of one wheel notch


@dataclass(frozen=True)
class View:
    """widget = image * scale + (x, y); `x`, `y`: where the image's top left corner lies in the widget."""

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0


class Enlarged(enum.Enum):
    """How pictures are shown larger than they are; the value is the zoom up to which they are shown smoothly.

    Painted pictures are often small: as squares at 200 % they look worse than they are.
    """

    SMOOTH = 4.0
    PIXELS = 1.0


class Mode(enum.Enum):
    """How label map and picture share the canvas."""

    STACK = "stack"
    SIDE_BY_SIDE = "side_by_side"
    WIPE = "wipe"


@dataclass(frozen=True)
class Pane:
    """A part of the widget (x, y, width, height in widget pixels) with what it shows; `shift`: offset of the view;
    `original`: the picture in it is the photo as it was.
    """

    x: float
    y: float
    width: float
    height: float
    labels: bool
    picture: bool
    shift: float = 0.0
    original: bool = False

    def contains(self, *, x: float, y: float) -> bool:
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def to_image(*, view: View, x: float, y: float) -> tuple[float, float]:
    """Widget point to continuous image coordinates."""
    return (x - view.x) / view.scale, (y - view.y) / view.scale


def to_widget(*, view: View, x: float, y: float) -> tuple[float, float]:
    """Continuous image coordinates to widget point."""
    return x * view.scale + view.x, y * view.scale + view.y


def clamp_scale(*, scale: float, device_ratio: float = 1.0) -> float:
    """Keeps the zoom between MIN_ZOOM and MAX_ZOOM device pixels per image pixel."""
    return min(MAX_ZOOM, max(MIN_ZOOM, scale * device_ratio)) / device_ratio


def zoom_at(*, view: View, scale: float, x: float, y: float, device_ratio: float = 1.0) -> View:
    """Changes the scale (within its limits) so that the image point under widget point (x, y) stays there."""
    scale = clamp_scale(scale=scale, device_ratio=device_ratio)
    image_x, image_y = to_image(view=view, x=x, y=y)
    return View(scale=scale, x=x - image_x * scale, y=y - image_y * scale)


def pan(*, view: View, dx: float, dy: float) -> View:
    return replace(view, x=view.x + dx, y=view.y + dy)


def fit(
    *,
    image_width: int,
    image_height: int,
    width: float,
    height: float,
    margin: float = FIT_MARGIN,
    device_ratio: float = 1.0,
) -> View:
    """The whole image, centred, as large as it goes."""
    room_x, room_y = max(1.0, width - 2 * margin), max(1.0, height - 2 * margin)
    scale = min(room_x / max(1, image_width), room_y / max(1, image_height))
    scale = clamp_scale(scale=scale, device_ratio=device_ratio)
    return centred(image_width=image_width, image_height=image_height, width=width, height=height, scale=scale)


def centred(*, image_width: int, image_height: int, width: float, height: float, scale: float) -> View:
    return View(scale=scale, x=(width - image_width * scale) / 2, y=(height - image_height * scale) / 2)


def keep_in_sight(*, view: View, image_width: int, image_height: int, width: float, height: float) -> View:
    """Moves the view back so far that at least `LEAST_SEEN` widget pixels of the image stay visible each way."""

    def limit(offset: float, extent: float, room: float) -> float:
        visible_least = min(LEAST_SEEN, extent, room)
        return min(room - visible_least, max(visible_least - extent, offset))

    return replace(
        view,
        x=limit(view.x, image_width * view.scale, width),
        y=limit(view.y, image_height * view.scale, height),
    )


def panes(
    *, mode: Mode, width: float, height: float, wipe: float = 0.5, compared: bool = False
) -> tuple[Pane, ...]:
    """How the widget is divided. `wipe` (0-1): where the divider stands; both halves show one image.

    The left one shows the label map, or where a photo is `compared` with what became of it, the photo. Side by side,
    the right pane shows the same part of the image as the left one (its view is shifted).
    """
    if mode is Mode.STACK:
        return (Pane(0, 0, width, height, labels=True, picture=True),)
    middle = float(round(width * (0.5 if mode is Mode.SIDE_BY_SIDE else min(1.0, max(0.0, wipe)))))
    shift = middle if mode is Mode.SIDE_BY_SIDE else 0.0
    if compared:
        return (
            Pane(0, 0, middle, height, labels=True, picture=True, original=True),
            Pane(middle, 0, width - middle, height, labels=True, picture=True, shift=shift),
        )
    return (
        Pane(0, 0, middle, height, labels=True, picture=False),
        Pane(middle, 0, width - middle, height, labels=False, picture=True, shift=shift),
    )


def pane_at(*, parts: tuple[Pane, ...], x: float, y: float) -> Pane:
    """The pane under a widget point; outside the widget, the nearest one."""
    for pane in parts:
        if pane.contains(x=x, y=y):
            return pane
    return min(parts, key=lambda pane: abs(x - (pane.x + pane.width / 2)))


def dirty_rect(*, view: View, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int]:
    """The widget rectangle (x, y, width, height) that shows image rectangle (x0, y0)-(x1, y1), rounded
    outwards.

    `DIRTY_MARGIN` widget pixels are added: smooth scaling bleeds into the neighbours, by up to one image pixel as
    well.
    """
    bleed = 1.0
    left, top = to_widget(view=view, x=x0 - bleed, y=y0 - bleed)
    right, bottom = to_widget(view=view, x=x1 + bleed, y=y1 + bleed)
    x, y = math.floor(left - DIRTY_MARGIN), math.floor(top - DIRTY_MARGIN)
    return x, y, math.ceil(right + DIRTY_MARGIN) - x, math.ceil(bottom + DIRTY_MARGIN) - y


def square_pixels(*, view: View, device_ratio: float = 1.0) -> bool:
    """Whether the pixels of label maps are shown as squares."""
    return view.scale * device_ratio >= SQUARE_FROM - 1e-9


def smooth_pictures(*, view: View, enlarged: Enlarged, device_ratio: float = 1.0) -> bool:
    """Whether pictures are shown smoothly."""
    return view.scale * device_ratio <= enlarged.value + 1e-9
