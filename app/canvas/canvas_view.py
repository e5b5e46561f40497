"""The view of a document: label map and picture, how they share the canvas, zoom and pan, and the repainting.

A change of the document re-colours and repaints only its rectangle. What mouse, pen and keys do is in
`app.canvas.widget`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.canvas import drawing
from app.canvas.drawing import Drawing
from app.canvas.drops import NO_LABEL
from app.canvas.outline import RegionOutline
from app.document.document import Document
from app.raster import view
from app.raster.boxes import Box
from app.raster.view import Mode, Pane, View
from engine.labels.looked_at import UNSEEN

STROKE_OVERLAY = 0.35
"""Least opacity of the label map while a brush is down."""


class CanvasView(QWidget):
    """Shows a document and holds the view; the truth stays in the document."""

    zoom_changed = Signal(float)  # device pixels per image pixel: 1.0 is 100 %
    mode_changed = Signal(object)  # Mode
    overlay_changed = Signal(float)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._drawing = Drawing(document)
        self.outline = RegionOutline(document, self.update, self)
        self._pointed_label = NO_LABEL  # whose region is under the pointer
        self._view = View()
        self._fitted = True
        self._mode = Mode.STACK
        self._overlay = 0.5
        self._overlay_hidden = False  # for now
        self._original_held = False  # the photo as it was is shown for now
        self._stroke_seen = False
        self._wipe = 0.5
        self._cursor: QPointF | None = None  # in the widget
        self._held_pane: Pane | None = None  # a drag stays in the pane where it began
        self._outline_rects: list[QRect] = []  # where the brush's outline was last drawn
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(160, 120)
        document.label_map_changed.connect(self._on_label_map_changed)
        document.labels_changed.connect(self._on_labels_changed)
        document.picture_changed.connect(self._on_picture_changed)
        document.replaced.connect(self._on_replaced)
        document.undo_changed.connect(self._on_stroke)
        document.current_label_changed.connect(self._outline_chosen)
        document.pieces_changed.connect(self.outline.forget)
        document.looked_at_changed.connect(self._on_looked_at_changed)

    # ------------------------------------------------------------ what the one who handles the input says

    def finish_gesture(self) -> None:
        """Ends what a pressed button does; what was painted stays."""

    def cancel_gesture(self) -> None:
        """Takes back what a pressed button did."""

    def outline_diameter(self) -> int | None:
        """Diameter, in image pixels, of the outline around the cursor; None for no outline."""
        return None

    # ------------------------------------------------------------ what the window asks for

    @property
    def document(self) -> Document:
        return self._document

    @property
    def view(self) -> View:
        return self._view

    @property
    def zoom(self) -> float:
        """Device pixels per image pixel; 1.0 is 100 %."""
        return self._view.scale * self.devicePixelRatioF()

    @property
    def mode(self) -> Mode:
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        if mode is not self._mode:
            self.finish_gesture()
            self._mode = mode
            if self._fitted:
                self.fit()
            self.update()
            self.mode_changed.emit(mode)

    @property
    def overlay(self) -> float:
        return self._overlay

    def set_overlay(self, opacity: float) -> None:
        """Opacity of the label map over the picture, 0-1."""
        opacity = min(1.0, max(0.0, float(opacity)))
        if opacity != self._overlay:
            self._overlay = opacity
            self.update()
            self.overlay_changed.emit(opacity)

    def hide_overlay(self, hidden: bool) -> None:
        """Shows the picture alone for now, or the label map over it again."""
        self._overlay_hidden = hidden
        self.update()

    def set_original(self, pixels: np.ndarray | None) -> None:
        """The photo that the picture is compared with, (H, W, 3) uint8; None for none."""
        self._drawing.set_original(pixels)
        self.update()

    def hold_original(self, held: bool) -> None:
        """Shows the photo as it was for now, or what became of it again."""
        self._original_held = held
        self.outline.hide()  # compared are two pictures
        self.update()

    def set_wipe(self, share: float) -> None:
        """Where the wipe's divider stands, as a share of the canvas's width, 0-1."""
        self._wipe = min(1.0, max(0.0, share))
        self.update()

    @property
    def wipe(self) -> float:
        """Where the wipe's divider stands, 0-1."""
        return self._wipe

    def move_wipe(self, widget_x: float) -> None:
        self.set_wipe(widget_x / max(1, self.width()))

    def fit(self) -> None:
        """Shows the whole image; it stays fitted when the canvas changes size, until the view is moved."""
        room = self._room()
        self._set_view(
            view.fit(
                image_width=self._document.width,
                image_height=self._document.height,
                width=room,
                height=self.height(),
                device_ratio=self.devicePixelRatioF(),
            ),
            fitted=True,
        )

    def actual_size(self) -> None:
        """100 %: one pixel of the image on one pixel of the screen."""
        self.zoom_to(1 / self.devicePixelRatioF())

    def zoom_in(self) -> None:
        self.zoom_to(self._view.scale * view.WHEEL_STEP)

    def zoom_out(self) -> None:
        self.zoom_to(self._view.scale / view.WHEEL_STEP)

    def pan_by(self, dx: float, dy: float) -> None:
        """Moves the image by widget pixels."""
        self._set_view(view.pan(view=self._view, dx=dx, dy=dy))

    def show_preview(self, pixels: np.ndarray | None) -> None:
        """Lays a preview, (h, w) uint32 premultiplied ARGB of any size, over the picture; None takes it away."""
        if pixels is not None or self._drawing.has_preview:
            self._drawing.set_preview(pixels)
            self.update()

    @property
    def has_preview(self) -> bool:
        """Whether a preview lies over the picture."""
        return self._drawing.has_preview

    def set_highlight(self, label: int | None) -> None:
        """Darkens all but one label's region, and shows its name; None ends it."""
        if label != self._drawing.highlighted:
            self._drawing.set_highlight(label)
            if label is None:
                self.outline.hide()
            else:
                self.outline.show(label, stays=True)
            self.update()

    def label_at(self, point: QPointF) -> int:
        """The label under a point of the widget; NO_LABEL outside the image."""
        x, y = self.pixel_at(point)
        inside = 0 <= x < self._document.width and 0 <= y < self._document.height
        return int(self._document.label_map[y, x]) if inside else NO_LABEL

    def region_at(self, point: QPointF) -> int:
        """As `label_at`, with NO_LABEL where nobody looked, too."""
        if self.label_at(point) == NO_LABEL:
            return NO_LABEL
        region = self._document.regions.at(*self.pixel_at(point))
        return NO_LABEL if region == UNSEEN else region

    def pixel_at(self, point: QPointF) -> tuple[int, int]:
        """The pixel (x, y) of the image under a point of the widget; may lie outside the image."""
        x, y = self.to_image(point)
        return math.floor(x), math.floor(y)

    def colour_at(self, point: QPointF) -> QColor | None:
        """The colour of the picture, without the label map over it, under a point of the widget; None where there is
        no picture."""
        pixels = self._document.picture
        x, y = self.pixel_at(point)
        if pixels is None or not (0 <= x < self._document.width and 0 <= y < self._document.height):
            return None
        row, column = y * pixels.shape[0] // self._document.height, x * pixels.shape[1] // self._document.width
        return QColor(*(int(channel) for channel in pixels[row, column]))

    # ------------------------------------------------------------ view

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zooms around a point of the widget, or around the middle, to widget pixels per image pixel."""
        shift = 0.0 if at is None else self._pane_at(at).shift
        anchor = at if at is not None else QPointF(self._room() / 2, self.height() / 2)
        self._set_view(
            view.zoom_at(
                view=self._view,
                scale=scale,
                x=anchor.x() - shift,
                y=anchor.y(),
                device_ratio=self.devicePixelRatioF(),
            )
        )

    def _set_view(self, new: View, *, fitted: bool = False) -> None:
        new = view.keep_in_sight(
            view=new,
            image_width=self._document.width,
            image_height=self._document.height,
            width=self._room(),
            height=self.height(),
        )
        self._fitted = fitted
        if new == self._view:
            return
        old, self._view = self._view, new
        self.update()
        self.move_outline()
        if old.scale != new.scale:
            self.zoom_changed.emit(self.zoom)

    def _room(self) -> float:
        """Width in which the image is shown: that of a pane side by side, else all of the canvas."""
        return self._panes()[0].width if self._mode is Mode.SIDE_BY_SIDE else float(self.width())

    def _panes(self) -> tuple[Pane, ...]:
        compared = self._drawing.has_original
        parts = view.panes(
            mode=self._mode, width=self.width(), height=self.height(), wipe=self._wipe, compared=compared
        )
        if compared and self._original_held:
            return tuple(replace(pane, original=True, labels=False) for pane in parts)
        return parts

    def _pane_at(self, point: QPointF) -> Pane:
        return view.pane_at(parts=self._panes(), x=point.x(), y=point.y())

    def to_image(self, point: QPointF) -> tuple[float, float]:
        pane = self._held_pane or self._pane_at(point)
        return view.to_image(view=self._view, x=point.x() - pane.shift, y=point.y())

    # ------------------------------------------------------------ document's signals

    def _on_label_map_changed(self, rect: QRect) -> None:
        box = Box(rect.x(), rect.y(), rect.x() + rect.width(), rect.y() + rect.height())
        self._drawing.update_box(box)
        self.outline.forget()
        for pane in self._panes():
            if not pane.labels and self._drawing.highlighted is None:
                continue  # shows the picture alone
            dirty = view.dirty_rect(view=self._view, x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
            self.update(QRect(*dirty).translated(round(pane.shift), 0))

    def _outline_chosen(self) -> None:
        self._outline_region(self._document.current_region)

    def _outline_region(self, label: int) -> None:
        """Tells what a label means where the label map does not."""
        if self._seen_overlay() < STROKE_OVERLAY and self._drawing.highlighted is None:
            self.outline.show(label)

    def _on_stroke(self) -> None:
        """A stroke begins or ends: the label map may be seen now, or no longer."""
        if self._document.stroking != self._stroke_seen:
            self._stroke_seen = self._document.stroking
            self.outline.hide()
            if self._overlay < STROKE_OVERLAY:
                self.update()

    def _on_labels_changed(self, _labels: frozenset[int]) -> None:
        self._drawing.update_visibility()
        self.update()

    def _on_looked_at_changed(self, _part: object) -> None:
        self.outline.forget()
        self.update()

    def _on_picture_changed(self) -> None:
        self._drawing.update_picture()
        self.update()

    def _on_replaced(self) -> None:
        self.cancel_gesture()
        self.outline.hide()
        self._drawing.rebuild()
        self.fit()
        self.update()

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._drawing.draw(
                painter,
                event.rect(),
                self._panes(),
                self._view,
                overlay=self._seen_overlay(),
                device_ratio=self.devicePixelRatioF(),
                palette=self.palette(),
            )
            painter.setClipping(False)
            for pane in self._panes():
                self.outline.draw(painter, pane, self._view, width=round(self._room()), height=self.height())
            for centre, radius in self._outlines():
                drawing.draw_outline(painter, centre, radius)

    def _seen_overlay(self) -> float:
        """Who paints regions into a photo must see them, even where the label map is not shown otherwise."""
        if self._overlay_hidden:
            return 0.0
        return max(self._overlay, STROKE_OVERLAY) if self._document.stroking else self._overlay

    def _outlines(self) -> list[tuple[QPointF, float]]:
        """Centre and radius of the brush's outline in the widget: at the cursor, and in the other pane."""
        at, diameter = self._cursor, self.outline_diameter()
        if at is None or diameter is None:
            return []
        x, y = self.to_image(at)
        shifts = {pane.shift for pane in self._panes()}
        return [
            drawing.outline_circle(x=x, y=y, diameter=diameter, at=self._view, shift=shift) for shift in sorted(shifts)
        ]

    def hold_pane(self, point: QPointF | None) -> None:
        """A drag stays in the pane where it began; None: it has ended."""
        self._held_pane = None if point is None else self._pane_at(point)

    def show_cursor_at(self, point: QPointF | None) -> None:
        """The brush's outline is drawn there, and the region under it is outlined; None: nowhere."""
        self._cursor = point
        self.move_outline()
        pointed_label = NO_LABEL if point is None else self.region_at(point)
        if pointed_label != self._pointed_label and not self._document.stroking:
            self._pointed_label = pointed_label
            if pointed_label == NO_LABEL:
                self.outline.hide()
            else:
                self._outline_region(pointed_label)

    def move_outline(self) -> None:
        """Repaints where the brush's outlines were and where they are now."""
        before = self._outline_rects
        self._outline_rects = [drawing.outline_rect(*circle) for circle in self._outlines()]
        for rect in (*before, *self._outline_rects):
            self.update(rect)

    # ------------------------------------------------------------ the widget's size and screen

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()
        else:
            before, after = event.oldSize(), event.size()
            if before.isValid():
                self.pan_by((after.width() - before.width()) / 2, (after.height() - before.height()) / 2)
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            if self._fitted:
                self.fit()
            self.update()
            self.zoom_changed.emit(self.zoom)
        return super().event(event)
