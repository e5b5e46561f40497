"""All controllers of one window: which there are, and what each of them is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMenu, QWidget

from app.canvas.widget import CanvasWidget
from app.controllers.application import HelpController, LooksController
from app.controllers.canvas import CanvasController
from app.controllers.context import Context
from app.controllers.creating.filling import FillController
from app.controllers.creating.making import MakeController
from app.controllers.dice import DiceController
from app.controllers.editing import EditController, LabelsController
from app.controllers.engine_menus import DeviceController, ModelController
from app.controllers.exports import ExportController
from app.controllers.files import FilesController
from app.controllers.keeping.recovery import RecoveryController
from app.controllers.keeping.unsaved import UnsavedChanges
from app.controllers.new import NewController
from app.controllers.photos import PhotosController
from app.controllers.render import RenderController
from app.controllers.restyle import RestyleController
from app.controllers.results import ResultsController
from app.controllers.studio import StudioController
from app.controllers.styles import StylesController
from app.controllers.styling.colours import ColoursController
from app.controllers.styling.edits import EditsController
from app.controllers.styling.frames import FramesController
from app.controllers.styling.library import LibraryController
from app.controllers.styling.pairs import PairsController
from app.controllers.styling.pieces import PiecesController
from app.controllers.styling.shapes import ShapesController
from app.controllers.variety import VarietyController
from app.controllers.weights import WeightsController
from app.panels.edits.panel import EditsPanel
from app.panels.labels import LabelsPanel
from app.panels.results import ResultsPanel
from app.panels.styles.panel import StylesPanel

P = TypeVar("P", bound=QWidget)


@dataclass(frozen=True)
class WindowParts:
    """The parts of a window that controllers bind to. request_panels: those of the kinds of request."""

    canvas: CanvasWidget
    labels: LabelsPanel
    request_panels: tuple[QWidget, ...]
    results: ResultsPanel
    results_dock: QDockWidget
    actions: dict[str, QAction]
    menus: dict[str, QMenu]

    def panel(self, panel_class: type[P]) -> P:
        """The panel of that class among those of the kinds of request."""
        return next(panel for panel in self.request_panels if isinstance(panel, panel_class))


@dataclass(frozen=True)
class Controllers:
    """One small object for each kind of work."""

    canvas: CanvasController
    colours: ColoursController
    device: DeviceController
    dice: DiceController
    edit: EditController
    edits: EditsController
    exports: ExportController
    files: FilesController
    filling: FillController
    frames: FramesController
    help: HelpController
    labels: LabelsController
    library: LibraryController
    looks: LooksController
    making: MakeController
    model: ModelController
    new: NewController
    pairs: PairsController
    photos: PhotosController
    pieces: PiecesController
    recovery: RecoveryController
    render: RenderController
    results: ResultsController
    studio: StudioController
    shapes: ShapesController
    styles: StylesController
    unsaved: UnsavedChanges
    variety: VarietyController
    weights: WeightsController


def make_controllers(context: Context, parts: WindowParts, parent: QObject) -> Controllers:
    """Bind every controller to its part of the window; ``parent`` owns them."""
    styles_panel, edits_panel = parts.panel(StylesPanel), parts.panel(EditsPanel)
    render = RenderController(context, parts.canvas, parent)
    restyle = RestyleController(context, render, parent)
    exports = ExportController(context, render, parent)
    unsaved = UnsavedChanges(context, exports, parent)
    styles = StylesController(context, styles_panel, parts.labels, parent)
    dice = DiceController(context, render, styles_panel, parent)
    photos = PhotosController(context, parts.canvas, render, unsaved, parts.actions["photo_rest"], parent)
    new = NewController(context, styles, unsaved, restyle, dice, photos, parent)
    model = ModelController(context, restyle, new, photos, parts.menus["MODEL"], parent)
    weights = WeightsController(context, model, restyle, parent)
    colours = ColoursController(context, styles, styles_panel, parts.canvas, parent)
    recent = parts.menus["RECENT"]
    files = FilesController(context, parts.canvas, styles, new, photos, model, weights, unsaved, recent, parent)
    making = MakeController(context, parent)
    making.picture_wanted.connect(files.take)
    return Controllers(
        canvas=CanvasController(context, parts.canvas, parent),
        colours=colours,
        device=DeviceController(context, render, parts.menus["DEVICE"], parent),
        dice=dice,
        edit=EditController(context, parent),
        edits=EditsController(context, styles, edits_panel, parts.actions["edits_remove"], parent),
        exports=exports,
        files=files,
        filling=FillController(context, parts.canvas, parent),
        frames=FramesController(context, parts.canvas, parts.menus["FRAMES"], parts.actions, parent),
        help=HelpController(context, parent),
        labels=LabelsController(context, parts.labels, parent),
        library=LibraryController(context, styles, (styles_panel.shelf, edits_panel.shelf), parent),
        looks=LooksController(context, parent),
        making=making,
        model=model,
        new=new,
        pairs=PairsController(context, styles, colours, parts.actions, parent),
        photos=photos,
        pieces=PiecesController(context, parts.canvas, parts.actions, parent),
        recovery=RecoveryController(context, new, parent),
        render=render,
        results=ResultsController(
            context, render, restyle, exports, parts.results, parts.results_dock, parts.actions, parent
        ),
        studio=StudioController(context, model, restyle, dice, unsaved, render, parent),
        styles=styles,
        unsaved=unsaved,
        shapes=ShapesController(context, parts.actions["shapes"], parent),
        variety=VarietyController(
            context, styles, styles_panel, edits_panel, parts.actions["style_morph"], parent
        ),
        weights=weights,
    )
