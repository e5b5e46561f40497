"""A colour as a style: chosen in a dialog, taken with the pipette, dropped or pasted."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog

from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from app.controllers.styles import StylesController, Target
from app.imaging.pixels import region_colour
from app.library.samples import sample_colours
from app.panels.pipette import Pipette
from app.panels.styles.panel import StylesPanel
from app.panels.styles.slots import join, split, with_slot
from engine.requests.styles import ColourStyle


class ColoursController(QObject):
    """Gives the chosen label a colour. While the dialog is open the picture shows it; all of it is one step."""

    def __init__(
        self,
        context: Context,
        styles_controller: StylesController,
        styles_panel: StylesPanel,
        canvas: CanvasWidget,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._scope = context.core.scope
        self._styles = styles_controller
        self._with_pair = False  # what the pipette takes is for both labels of a pair
        self.pipette = Pipette(self)
        self.pipette.picked.connect(lambda colour: self._styles.use_colour(colour.name(), self._target()))
        self.pipette.hovered.connect(lambda colour: context.status.show_message(colour.name()))
        styles_panel.card.colour_wanted.connect(self.choose)
        styles_panel.card.pipette_wanted.connect(self.take_pipette)
        canvas.drops.colour_dropped.connect(self._dropped)

    @Slot()
    def choose(self, *, with_pair: bool = False) -> QColorDialog | None:
        """Ask for a colour for the chosen label (``with_pair``: and for the label that it is a pair with), beginning
        with the one that its region has now."""
        label_id = self._document.current_label if with_pair else self._document.current_region
        if not self._styles.takes_colours() or not self._scope.may_change(label_id):
            return None
        target = Target(label_id, pair=with_pair)
        labels = self._styles.labels(target)
        before, trial = {label: self._document.style(label) for label in labels}, self._document.trial
        merge, caption = ("colour", *labels), self.tr("Colour of {0}").format(self._styles.name(target))
        dialog = QColorDialog(self._present_colour(label_id), self._context.window)
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.setWindowTitle(caption)
        for position, sample in enumerate(sample_colours(self._document.label_set, self._document.current_label)):
            QColorDialog.setCustomColor(position, QColor(sample.colour))
        trial.begin()

        def show(colour: QColor) -> None:
            styles = {
                label: join(with_slot(split(style), "a", ColourStyle(colour.name()))) for label, style in before.items()
            }
            self._scope.put_all(styles, caption, merge=merge)

        def close(accepted: int) -> None:
            if accepted:
                show(dialog.currentColor())
                trial.end()
            else:
                trial.abandon()
            dialog.deleteLater()

        dialog.currentColorChanged.connect(show)
        dialog.finished.connect(close)
        dialog.open()
        window = self._context.window  # at its corner: the picture should be seen while one chooses
        dialog.move(window.mapToGlobal(window.rect().bottomRight()) - dialog.rect().bottomRight())
        return dialog

    @Slot()
    def take_pipette(self, *, with_pair: bool = False) -> None:
        """Let the next click anywhere in the window give the chosen label its colour; ``with_pair`` as in `choose`."""
        self._with_pair = with_pair
        if self._styles.takes_colours() and self._scope.may_change(self._chosen):
            self.pipette.take()
            sentence = self.tr("Click a colour in the photo or in any picture; Esc cancels")
            self._context.status.show_message(sentence)

    @property
    def _chosen(self) -> int:
        """The region that the pipette is for: a pair is one of labels."""
        return self._document.current_label if self._with_pair else self._document.current_region

    def _target(self) -> Target:
        return Target(self._chosen, pair=self._with_pair)

    def _present_colour(self, label_id: int) -> QColor:
        style = split(self._document.style(label_id)).a
        if isinstance(style, ColourStyle):
            return QColor(style.colour)
        pixels = self._document.picture
        if pixels is None:  # nothing is painted yet: the region is the photo's
            pixels = self._context.core.originals.pixels(self._document.photo)
        regions = self._document.regions
        present = None if pixels is None else region_colour(pixels, regions.map, label_id)
        return QColor(*(present or self._document.label_set.labels[regions.label_of(label_id)].colour))

    def _dropped(self, colour: str, image_point: QPoint | None) -> None:
        label_id = self._document.current_region
        if image_point is not None:
            label_id = self._document.regions.at(image_point.x(), image_point.y())
        self._styles.use_colour(colour, Target(label_id))
