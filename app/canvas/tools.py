"""The canvas's tools: small objects that turn pointer events into changes of the document.

A tool knows the document and the few things of the canvas named in `Host`, no widget; it is tested without a
window.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PySide6.QtCore import Qt

from app.document.document import BACKGROUND, Document
from app.raster.strokes import pressed_radius, segment_mask
from app.shell.i18n import mark, tr
from engine.labels.looked_at import UNSEEN
from engine.labels.pieces import is_piece


class ToolId(str, enum.Enum):
    BRUSH = "brush"
    ERASER = "eraser"
    BUCKET = "bucket"
    PIECE = "piece"
    PICK = "pick"
    PAN = "pan"


@dataclass(frozen=True)
class ToolInfo:
    """A tool as menus, buttons and help show it."""

    id: ToolId
    name: str
    description: str
    shortcuts: tuple[str, ...]

    def text(self) -> str:
        """Its name in the language of the application."""
        return tr(self.name)

    def tip(self) -> str:
        """One line on what it does, in the language of the application."""
        return tr(self.description)


TOOLS: tuple[ToolInfo, ...] = (
    ToolInfo(
        ToolId.BRUSH,
        mark("Brush"),
        mark("Paint the current label; the right button erases, Shift+drag changes the size"),
        ("B",),
    ),
    ToolInfo(
        ToolId.ERASER,
        mark("Eraser"),
        mark("Paint the background label"),
        ("E",),
    ),
    ToolInfo(
        ToolId.BUCKET,
        mark("Bucket"),
        mark("Fill the area under the cursor with the current label"),
        ("G", "F"),
    ),
    ToolInfo(
        ToolId.PIECE,
        mark("Piece brush"),
        mark("Brush over a part of a region to give it a style of its own; the right button gives it back"),
        ("P",),
    ),
    ToolInfo(
        ToolId.PICK,
        mark("Pick"),
        mark("Take the label under the cursor; Alt+click does so with every tool"),
        ("I",),
    ),
    ToolInfo(
        ToolId.PAN,
        mark("Pan"),
        mark("Move the view; Space+drag and the middle button do so with every tool"),
        ("H",),
    ),
)


@dataclass(frozen=True)
class Pointer:
    """Where mouse or pen is: continuous image coordinates, and widget pixels for what moves the view."""

    x: float
    y: float
    widget_x: float = 0.0
    widget_y: float = 0.0
    pressure: float = 1.0  # 0-1; a mouse has 1
    erase: bool = False  # right button, or the pen's other end


class Host(Protocol):
    """What tools need of the canvas."""

    @property
    def document(self) -> Document: ...

    @property
    def brush_diameter(self) -> int: ...

    def set_brush_diameter(self, diameter: float) -> None: ...

    def pan_by(self, dx: float, dy: float) -> None: ...

    def show_brushed(self, brushed: np.ndarray | None) -> None: ...

    def set_wipe(self, share: float) -> None: ...

    def move_wipe(self, widget_x: float) -> None: ...


class Tool:
    """Press, moves, release. `cancel` takes back what the press began (Esc, the window lost the mouse)."""

    id: ToolId
    paints = False  # shows the brush's outline
    cursor = Qt.CursorShape.CrossCursor
    cursor_pressed: Qt.CursorShape | None = None

    def press(self, canvas: Host, pointer: Pointer) -> None: ...

    def move(self, canvas: Host, pointer: Pointer) -> None: ...

    def release(self, canvas: Host, pointer: Pointer) -> None: ...

    def cancel(self, canvas: Host) -> None: ...


class BrushTool(Tool):
    """Paints the document's current label, or erases; one press-to-release is one step."""

    paints = True

    def __init__(self, id: ToolId = ToolId.BRUSH) -> None:
        """`id`: BRUSH or ERASER."""
        self.id = id

    def press(self, canvas: Host, pointer: Pointer) -> None:
        document = canvas.document
        if pointer.erase or self.id is ToolId.ERASER:
            document.pixels.begin_stroke(BACKGROUND, text=tr("Erase"))
        else:
            document.pixels.begin_stroke(document.current_label)
        self.move(canvas, pointer)

    def move(self, canvas: Host, pointer: Pointer) -> None:
        if canvas.document.stroking:
            radius = pressed_radius(canvas.brush_diameter, pointer.pressure)
            canvas.document.pixels.stroke_to([(pointer.x, pointer.y)], radius)

    def release(self, canvas: Host, pointer: Pointer) -> None:
        # The release is where the last move was; its pressure is 0 and must not thin the end of the stroke.
        canvas.document.pixels.end_stroke()

    def cancel(self, canvas: Host) -> None:
        canvas.document.pixels.cancel_stroke()


class BucketTool(Tool):
    """Fills by label, or by the picture's colour."""

    id = ToolId.BUCKET
    cursor = Qt.CursorShape.PointingHandCursor

    def __init__(self) -> None:
        self.by_picture = False
        self.tolerance = 16  # 0-255 per channel
        self.contiguous = True

    def press(self, canvas: Host, pointer: Pointer) -> None:
        document = canvas.document
        x, y = math.floor(pointer.x), math.floor(pointer.y)
        if not (0 <= x < document.width and 0 <= y < document.height):
            return
        label = BACKGROUND if pointer.erase else document.current_label
        document.pixels.fill(
            x, y, label, contiguous=self.contiguous, by_picture=self.by_picture, tolerance=self.tolerance
        )


class PieceTool(Tool):
    """Makes what is brushed, of the region where the press was, a piece with a style of its own: from a piece on it
    grows, the right button gives its pixels back. One press-to-release is one step."""

    id = ToolId.PIECE
    paints = True

    def __init__(self) -> None:
        self._brushed: np.ndarray | None = None  # (H, W) bool, brushed since the press
        self._region = 0
        self._last: tuple[float, float, float] | None = None

    def press(self, canvas: Host, pointer: Pointer) -> None:
        document = canvas.document
        x, y = math.floor(pointer.x), math.floor(pointer.y)
        if 0 <= x < document.width and 0 <= y < document.height and (region := document.regions.at(x, y)) != UNSEEN:
            self._brushed, self._region = np.zeros(document.label_map.shape, bool), region
            self.move(canvas, pointer)

    def move(self, canvas: Host, pointer: Pointer) -> None:
        if self._brushed is None:
            return
        radius = pressed_radius(canvas.brush_diameter, pointer.pressure)
        from_x, from_y, from_radius = self._last or (pointer.x, pointer.y, radius)
        self._last = pointer.x, pointer.y, radius
        height, width = self._brushed.shape
        box, mask = segment_mask(
            start=(from_x, from_y),
            end=(pointer.x, pointer.y),
            start_radius=from_radius,
            end_radius=radius,
            height=height,
            width=width,
        )
        regions = canvas.document.regions
        label_map, label = canvas.document.label_map, regions.label_of(self._region)
        self._brushed[box.slices] |= mask & (label_map[box.slices] == label)
        canvas.show_brushed(self._brushed)

    def release(self, canvas: Host, pointer: Pointer) -> None:
        brushed, region = self._brushed, self._region
        self.cancel(canvas)
        if brushed is None or not brushed.any():
            return
        regions = canvas.document.regions
        if pointer.erase:
            regions.take_from_pieces(brushed)
        elif is_piece(region):
            regions.add_to_piece(region, brushed)
        else:
            regions.make_piece(brushed, region)

    def cancel(self, canvas: Host) -> None:
        self._brushed = self._last = None
        canvas.show_brushed(None)


class PickTool(Tool):
    """Makes the label under the cursor the current one."""

    id = ToolId.PICK
    cursor = Qt.CursorShape.PointingHandCursor

    def press(self, canvas: Host, pointer: Pointer) -> None:
        document = canvas.document
        x, y = math.floor(pointer.x), math.floor(pointer.y)
        if 0 <= x < document.width and 0 <= y < document.height:
            document.set_current_label(int(document.label_map[y, x]))

    move = press  # dragging shows label after label


class PanTool(Tool):
    """Moves the view with the pointer."""

    id = ToolId.PAN
    cursor = Qt.CursorShape.OpenHandCursor
    cursor_pressed = Qt.CursorShape.ClosedHandCursor

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def press(self, canvas: Host, pointer: Pointer) -> None:
        self._last = (pointer.widget_x, pointer.widget_y)

    def move(self, canvas: Host, pointer: Pointer) -> None:
        if self._last is not None:
            last, self._last = self._last, (pointer.widget_x, pointer.widget_y)
            canvas.pan_by(pointer.widget_x - last[0], pointer.widget_y - last[1])

    def release(self, canvas: Host, pointer: Pointer) -> None:
        self._last = None

    def cancel(self, canvas: Host) -> None:
        self._last = None


class ResizeGesture(Tool):
    """Shift+drag: to the right and up makes the brush larger; its outline stays where the press was."""

    id = ToolId.BRUSH
    paints = True
    cursor = Qt.CursorShape.SizeHorCursor

    def __init__(self, diameter: int, zoom: float) -> None:
        """`zoom`: widget pixels per image pixel, so that the outline follows the pointer."""
        self._start_diameter = diameter
        self._zoom = zoom
        self._from: tuple[float, float] = (0.0, 0.0)

    def press(self, canvas: Host, pointer: Pointer) -> None:
        self._from = (pointer.widget_x, pointer.widget_y)

    def move(self, canvas: Host, pointer: Pointer) -> None:
        way = (pointer.widget_x - self._from[0]) - (pointer.widget_y - self._from[1])
        canvas.set_brush_diameter(self._start_diameter + 2 * way / self._zoom)

    def cancel(self, canvas: Host) -> None:
        canvas.set_brush_diameter(self._start_diameter)


class WipeGesture(Tool):
    """Drags the divider between label map and picture."""

    id = ToolId.PAN
    cursor = Qt.CursorShape.SplitHCursor

    def __init__(self, share: float) -> None:
        self._start_share = share

    def move(self, canvas: Host, pointer: Pointer) -> None:
        canvas.move_wipe(pointer.widget_x)

    def cancel(self, canvas: Host) -> None:
        canvas.set_wipe(self._start_share)
