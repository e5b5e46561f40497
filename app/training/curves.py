"""Live curves: losses, validation numbers and speed over steps; smoothed, logarithmic, exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap, QShowEvent
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from app.texts.metric_names import metric_text
from app.training.curve_bar import CurveBar
from app.training.flow import Flow
from app.training.state.curve_math import smooth, thin, write_csv
from app.training.state.history import LOSSES, History, Series
from engine.files import write_bytes, write_text

HUES = (174, 28, 264, 340, 96, 208, 48, 306, 130, 0)  # told apart in both themes, and by their lightness in grey
REDRAW_MS = 200  # reports come as fast as steps; nobody reads faster


def curve_colour(number: int, dark: bool) -> QColor:
    """The colour of the curve with this number."""
    hue = HUES[number % len(HUES)]
    return QColor.fromHsl(hue, 150, (150 if number % 2 else 175) if dark else (105 if number % 2 else 80))


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
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(bar)
        column.addWidget(self.plot, 1)
        column.addWidget(self.legend)
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
        """Reports have come; the curves follow a moment later, those that nobody sees when they are shown again."""
        if self.isVisible() and not self._later.isActive():
            self._later.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()

    def set_group(self, name: str) -> None:
        """Show the curves of a group."""
        self._group = name
        self.bar.groups[name].setChecked(True)
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
        names = self._history.names(self._group)
        return [self._history.series[self._group, n] for n in names if (self._group, n) not in self._hidden]

    def _clear(self) -> None:
        self.plot.clear()
        self._items.clear()
        for switch in self._switches.values():
            self._flow.removeWidget(switch)
            switch.deleteLater()
        self._switches.clear()

    def _draw(self) -> None:
        self._later.stop()
        empty = self._history is None or not self._history.names(self._group)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setStyle(showValues=not empty)  # 0 to 1 would say nothing
        if self._history is None:
            return
        amount = self.bar.amount
        for number, name in enumerate(self._history.names(self._group)):
            if name not in self._switches:
                self._add(number, name)
            steps, values = thin(*self._history.series[self._group, name].arrays())
            dot = "o" if len(steps) == 1 else None  # a line of one point would not be seen
            self._items[name].setData(steps, smooth(values, amount), symbol=dot)
            raw = self._items[f"{name} raw"]
            raw.setVisible(amount > 0 and len(values) > 1 and self._switches[name].isChecked())
            if raw.isVisible():
                raw.setData(steps, values)
            last = _short(values[-1]) if len(values) else "–"  # none: the run went back to a checkpoint before them all
            self._switches[name].setText(f"{metric_text(name)}  {last}")
        self._flow.invalidate()
        self._flow.activate()  # now: a number that grew would be cut off until the next turn of the event loop

    def _add(self, number: int, name: str) -> None:
        colour = curve_colour(number, self._dark)
        faint = QColor(colour)
        faint.setAlphaF(0.28)
        raw = self.plot.plot([], [], pen=pg.mkPen(faint, width=1), antialias=True)
        dot = {"symbolBrush": colour, "symbolPen": None, "symbolSize": 7}
        pen = pg.mkPen(colour, width=2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)  # of pieces that meet
        one = self.plot.plot([], [], pen=pen, antialias=True, **dot)
        # Qt strokes a thick path of many points for a tenth of a second: no more points than the screen can show, and
        # each piece as a line of its own.
        for item, method, pixels in ((raw, "peak", 1), (one, "mean", 2)):
            item.setDownsampling(auto=True, method=method)
            item.opts["autoDownsampleFactor"] = 1 / pixels
            item.setClipToView(True)
        one.curve.setSegmentedLineMode("on")
        self._items[f"{name} raw"], self._items[name] = raw, one
        switch = QToolButton()
        switch.setCheckable(True)
        switch.setChecked((self._group, name) not in self._hidden)
        switch.setProperty("legend", True)
        switch.setProperty("flat", True)
        switch.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        switch.setIcon(_chip(colour, self.devicePixelRatioF()))
        switch.setIconSize(QSize(12, 12))
        switch.setAccessibleName(self.tr("Curve {0}").format(metric_text(name)))
        switch.setToolTip(self.tr("Show or hide this curve"))
        switch.toggled.connect(lambda on, name=name: self._switch(name, on))
        self._switches[name] = switch
        self._flow.addWidget(switch)
        self._switch(name, switch.isChecked())

    def _switch(self, name: str, on: bool) -> None:
        (self._hidden.discard if on else self._hidden.add)((self._group, name))
        self._items[name].setVisible(on)
        self._items[f"{name} raw"].setVisible(on and self.bar.amount > 0)
        colour = curve_colour(list(self._switches).index(name), self._dark)
        if not on:
            colour = self.palette().color(QPalette.ColorRole.Mid)
        self._switches[name].setIcon(_chip(colour, self.devicePixelRatioF()))

    def _set_log(self, on: bool) -> None:
        self.plot.setLogMode(x=False, y=on)
        self.fit()

    def _point(self, place: object) -> None:
        """What the curves say under the pointer, as the plot's tool tip."""
        if self._history is None or not self.shown():
            return
        step = self.plot.getPlotItem().vb.mapSceneToView(place).x()
        lines = [self.tr("Step {0}").format(round(step))]
        for series in self.shown():
            steps, values = series.arrays()
            if not len(steps):
                continue
            nearest = int(np.abs(steps - step).argmin())
            lines.append(f"{metric_text(series.name)}  {_short(values[nearest])}")
        self.plot.setToolTip("\n".join(lines))

    # --- export -------------------------------------------------------------------------------------

    def export_png(self) -> None:
        """Write the plot with its legend as a picture."""
        path = self._ask_save(self.tr("Export the curves"), f"{self._name()}.png", "PNG (*.png)")
        if path is not None:
            picture = QPixmap(self.size() * 2)
            picture.setDevicePixelRatio(2)
            picture.fill(self.palette().color(QPalette.ColorRole.Window))
            painter = QPainter(picture)
            for part in (self.plot, self.legend):
                QWidget.render(part, painter, part.pos())  # a graphics view's own draws the scene alone
            painter.end()
            data = QByteArray()
            buffer = QBuffer(data)
            buffer.open(QIODevice.OpenModeFlag.WriteOnly)
            picture.save(buffer, "PNG")
            write_bytes(path, bytes(data.data()))

    def export_csv(self) -> None:
        """Write the values of all curves of the group as a table."""
        path = self._ask_save(self.tr("Export the curves"), f"{self._name()}.csv", "CSV (*.csv)")
        if path is not None:
            write_text(path, write_csv(self.shown()))

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
        text = palette.color(QPalette.ColorRole.PlaceholderText)
        self.plot.setBackground(palette.color(QPalette.ColorRole.Base))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(text, width=1))
            axis.setTextPen(pg.mkPen(text))
        self.plot.getAxis("bottom").setLabel(self.tr("Step"), color=text.name())
        self.plot.getAxis("left").enableAutoSIPrefix(False)
        self.plot.getAxis("bottom").enableAutoSIPrefix(False)
        self._clear()
        self._draw()


def _short(value: float) -> str:
    return f"{value:.4g}"


def _chip(colour: QColor, ratio: float) -> QIcon:
    side = round(12 * ratio)
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(1, side // 2 - side // 6, side - 2, side // 3, 2, 2)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return QIcon(pixmap)
