"""Live curves: losses, validation numbers and speed over steps; smoothed, logarithmic, exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap, QShowEvent
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from app.imaging.pixels import png_bytes
from app.studio.curve_bar import CurveBar
from app.studio.flow import Flow
from app.texts.metric_names import metric_text
from app.training.curve_math import smooth, thin, write_csv
from app.training.history import LOSSES, VALIDATION, History, Series
from engine.files import write_bytes, write_text

HUES = (174, 28, 264, 340, 96, 208, 48, 306, 130, 0)  # told apart in both themes, and by their lightness in grey
REDRAW_MS = 200  # reports come as fast as steps, faster than they can be read


def curve_colour(curve_number: int, dark: bool) -> QColor:
    """The colour of the curve with this number."""
    hue_degrees = HUES[curve_number % len(HUES)]
    return QColor.fromHsl(
        hue_degrees, 150, (150 if curve_number % 2 else 175) if dark else (105 if curve_number % 2 else 80)
    )


class CurvesView(QWidget):
    """The curves of one run. `show_history` gives it the run; `refresh` may be called as often as reports come."""

    def __init__(self, ask_save: Callable[[str, str, str], Path | None], parent: QWidget | None = None) -> None:
        """`ask_save(title, name, filters)` asks where to export to."""
        super().__init__(parent)
        self._ask_save = ask_save
        self._history: History | None = None
        self._group = LOSSES
        self._hidden: set[tuple[str, str]] = set()
        self._items: dict[str, pg.PlotDataItem] = {}
        self._switches: dict[str, QToolButton] = {}
        self._build()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(REDRAW_MS)
        self._later.timeout.connect(self._draw)
        self._apply_palette()

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        self.bar = bar = CurveBar()
        bar.group_wanted.connect(self.set_group)
        bar.smoothing_changed.connect(self._draw)
        bar.log_wanted.connect(self._set_log)
        bar.fit_wanted.connect(self.fit)
        bar.png_wanted.connect(self.export_png)
        bar.csv_wanted.connect(self.export_csv)
        self.plot = pg.PlotWidget()
        self.plot.setAccessibleName(self.tr("Curves"))
        self.plot.setMenuEnabled(False)  # pyqtgraph's own speaks English only
        self.plot.hideButtons()
        self.plot.setMinimumHeight(120)
        self.plot.showGrid(x=True, y=True, alpha=0.18)
        self.plot.getPlotItem().setContentsMargins(0, 6, 8, 0)
        self.plot.scene().sigMouseMoved.connect(self._point)
        self.legend = QWidget()
        self._flow = Flow(self.legend)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(6)
        column_layout.addWidget(bar)
        column_layout.addWidget(self.plot, 1)
        column_layout.addWidget(self.legend)
        self.plot.grab()  # axes are slow to paint once (44 ms): now, not in the middle of a run

    # --- what is shown ------------------------------------------------------------------------------

    def show_history(self, history: History | None) -> None:
        """Show another run, or none."""
        if history is not self._history:
            self._history = history
            self._clear()
            self.fit()
        self._draw()

    def refresh(self) -> None:
        """Reports have come; the curves follow a moment later, hidden ones when they are shown again."""
        if self.isVisible() and not self._later.isActive():
            self._later.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

    def set_group(self, group_name: str) -> None:
        """Show the curves of a group."""
        self._group = group_name
        self.bar.groups[group_name].setChecked(True)
        self.bar.smoothing.setEnabled(group_name != VALIDATION)
        self._clear()
        self.fit()
        self._draw()

    def fit(self) -> None:
        """Show everything, also what will come."""
        self.plot.enableAutoRange()

    def shown(self) -> list[Series]:
        """The curves that are drawn."""
        if self._history is None:
            return []
        curve_names = self._history.shown_names(self._group)
        return [
            self._history.series[self._group, curve_name]
            for curve_name in curve_names
            if (self._group, curve_name) not in self._hidden
        ]

    def _clear(self) -> None:
        self.plot.clear()
        self._items.clear()
        for switch in self._switches.values():
            self._flow.removeWidget(switch)
            switch.deleteLater()
        self._switches.clear()

    @property
    def _smoothing(self) -> float:
        """Validations are few and exact: the best of them decides, and a smoothed line would pass beside it."""
        return 0.0 if self._group == VALIDATION else self.bar.amount

    def _draw(self) -> None:
        self._later.stop()
        is_empty = self._history is None or not self._history.shown_names(self._group)
        for axis_side in ("left", "bottom"):
            self.plot.getAxis(axis_side).setStyle(showValues=not is_empty)  # 0 to 1 would say nothing
        if self._history is None:
            return
        smoothing = self._smoothing
        for curve_number, curve_name in enumerate(self._history.shown_names(self._group)):
            if curve_name not in self._switches:
                self._add(curve_number, curve_name)
            step_numbers, values = thin(*self._history.series[self._group, curve_name].arrays())
            dot_symbol = "o" if len(step_numbers) == 1 else None  # a line of one point would not be seen
            self._items[curve_name].setData(step_numbers, smooth(values, smoothing), symbol=dot_symbol)
            raw_curve = self._items[f"{curve_name} raw"]
            raw_curve.setVisible(smoothing > 0 and len(values) > 1 and self._switches[curve_name].isChecked())
            if raw_curve.isVisible():
                raw_curve.setData(step_numbers, values)
            # No values: the run went back to a checkpoint before them all.
            last_value = _short(values[-1]) if len(values) else "–"
            self._switches[curve_name].setText(f"{metric_text(curve_name)}  {last_value}")
        self._flow.invalidate()
        self._flow.activate()  # now: a number that grew would be cut off until the next turn of the event loop

    def _add(self, curve_number: int, curve_name: str) -> None:
        colour = curve_colour(curve_number, self._dark)
        faint_colour = QColor(colour)
        faint_colour.setAlphaF(0.28)
        raw_curve = self.plot.plot([], [], pen=pg.mkPen(faint_colour, width=1), antialias=True)
        dot_style = {"symbolBrush": colour, "symbolPen": None, "symbolSize": 7}
        smooth_pen = pg.mkPen(colour, width=2)
        smooth_pen.setCapStyle(Qt.PenCapStyle.RoundCap)  # of pieces that meet
        smooth_curve = self.plot.plot([], [], pen=smooth_pen, antialias=True, **dot_style)
        # Qt strokes a thick path of many points for a tenth of a second: no more points than the screen can show, and
        # each piece as a line of its own.
        for plot_item, method, pixels in ((raw_curve, "peak", 1), (smooth_curve, "mean", 2)):
            plot_item.setDownsampling(auto=True, method=method)
            plot_item.opts["autoDownsampleFactor"] = 1 / pixels
            plot_item.setClipToView(True)
        smooth_curve.curve.setSegmentedLineMode("on")
        self._items[f"{curve_name} raw"], self._items[curve_name] = raw_curve, smooth_curve
        switch = QToolButton()
        switch.setCheckable(True)
        switch.setChecked((self._group, curve_name) not in self._hidden)
        switch.setProperty("legend", True)
        switch.setProperty("flat", True)
        switch.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        switch.setIcon(_chip(colour, self.devicePixelRatioF()))
        switch.setIconSize(QSize(12, 12))
        switch.setAccessibleName(self.tr("Curve {0}").format(metric_text(curve_name)))
        switch.setToolTip(self.tr("Show or hide this curve"))
        switch.toggled.connect(lambda is_shown, curve_name=curve_name: self._switch(curve_name, is_shown))
        self._switches[curve_name] = switch
        self._flow.addWidget(switch)
        self._switch(curve_name, switch.isChecked())

    def _switch(self, curve_name: str, is_shown: bool) -> None:
        (self._hidden.discard if is_shown else self._hidden.add)((self._group, curve_name))
        self._items[curve_name].setVisible(is_shown)
        self._items[f"{curve_name} raw"].setVisible(is_shown and self._smoothing > 0)
        colour = curve_colour(list(self._switches).index(curve_name), self._dark)
        if not is_shown:
            colour = self.palette().color(QPalette.ColorRole.Mid)
        self._switches[curve_name].setIcon(_chip(colour, self.devicePixelRatioF()))

    def _set_log(self, logarithmic: bool) -> None:
        self.plot.setLogMode(x=False, y=logarithmic)
        self.fit()

    def _point(self, scene_place: object) -> None:
        """What the curves say under the pointer, as the plot's tool tip."""
        if self._history is None or not self.shown():
            return
        pointed_step = self.plot.getPlotItem().vb.mapSceneToView(scene_place).x()
        tip_lines = [self.tr("Step {0}").format(round(pointed_step))]
        for series in self.shown():
            step_numbers, values = series.arrays()
            if not len(step_numbers):
                continue
            nearest = int(np.abs(step_numbers - pointed_step).argmin())
            tip_lines.append(f"{metric_text(series.name)}  {_short(values[nearest])}")
        self.plot.setToolTip("\n".join(tip_lines))

    # --- export -------------------------------------------------------------------------------------

    def export_png(self) -> None:
        """Write the plot with its legend as a picture."""
        target_path = self._ask_save(self.tr("Export the curves"), f"{self._name()}.png", "PNG (*.png)")
        if target_path is not None:
            picture_pixmap = QPixmap(self.size() * 2)
            picture_pixmap.setDevicePixelRatio(2)
            picture_pixmap.fill(self.palette().color(QPalette.ColorRole.Window))
            painter = QPainter(picture_pixmap)
            for drawn_widget in (self.plot, self.legend):
                QWidget.render(drawn_widget, painter, drawn_widget.pos())  # a graphics view's own draws the scene alone
            painter.end()
            write_bytes(target_path, png_bytes(picture_pixmap.toImage()))

    def export_csv(self) -> None:
        """Write the values of all curves of the group as a table."""
        target_path = self._ask_save(self.tr("Export the curves"), f"{self._name()}.csv", "CSV (*.csv)")
        if target_path is not None:
            write_text(target_path, write_csv(self.shown()))

    def _name(self) -> str:
        return f"{self._history.folder.name}-{self._group}" if self._history is not None else self._group

    # --- looks --------------------------------------------------------------------------------------

    @property
    def _dark(self) -> bool:
        return self.palette().color(QPalette.ColorRole.Base).lightnessF() < 0.5

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_later"):
            self._apply_palette()

    def _apply_palette(self) -> None:
        palette = self.palette()
        text_colour = palette.color(QPalette.ColorRole.PlaceholderText)
        self.plot.setBackground(palette.color(QPalette.ColorRole.Base))
        for axis_side in ("left", "bottom"):
            axis = self.plot.getAxis(axis_side)
            axis.setPen(pg.mkPen(text_colour, width=1))
            axis.setTextPen(pg.mkPen(text_colour))
        self.plot.getAxis("bottom").setLabel(self.tr("Step"), color=text_colour.name())
        self.plot.getAxis("left").enableAutoSIPrefix(False)
        self.plot.getAxis("bottom").enableAutoSIPrefix(False)
        self._clear()
        self._draw()


def _short(number: float) -> str:
    return f"{number:.4g}"


def _chip(colour: QColor, ratio: float) -> QIcon:
    side_pixels = round(12 * ratio)
    pixmap = QPixmap(side_pixels, side_pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(1, side_pixels // 2 - side_pixels // 6, side_pixels - 2, side_pixels // 3, 2, 2)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return QIcon(pixmap)
