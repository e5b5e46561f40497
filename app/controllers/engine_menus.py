"""The Model and Device menus: which weights make the picture, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from app.controllers.context import Context
from app.controllers.new import NewController
from app.controllers.photos import PhotosController
from app.controllers.render import RenderController
from app.controllers.restyle import RestyleController
from app.document.opening import PhotoUse
from app.jobs.devices import find_devices
from app.jobs.work_lane import Work
from app.texts.system_names import system_text
from engine.errors import EngineError
from engine.requests.render import RenderRequest

if TYPE_CHECKING:
    from engine.devices import Device

AUTO = "auto"
GIB = 1 << 30


class DeviceController(QObject):
    """Fills the Device menu. The GPUs are asked for in a worker, because that imports torch."""

    def __init__(
        self, context: Context, render_controller: RenderController, menu: QMenu, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._render = render_controller
        self._menu = menu
        self._looking: Work | None = None
        self._devices: list[tuple[str, str]] = [(AUTO, self.tr("Automatic")), ("cpu", self.tr("CPU"))]
        self._fill()

    def look(self) -> None:
        """Ask which devices there are; called after the first frame, as that imports torch."""
        work_lane = self._context.core.work_lane
        self._looking = work_lane.submit(find_devices, text=self.tr("Looking for devices"), on_done=self._show_devices)

    def stop(self) -> None:
        """The window goes: ask no more."""
        if self._looking is not None and not self._looking.settled:
            self._looking.cancel()

    def _show_devices(self, devices: list[Device]) -> None:
        self._devices = [(AUTO, self.tr("Automatic"))]
        for device in devices:
            description = (
                self.tr("CPU: {0}").format(device.name) if device.id == "cpu" else f"{device.id}: {device.name}"
            )
            if device.id.startswith("cuda"):
                description = self.tr("{0} ({1} GB free)").format(description, f"{device.free_bytes / GIB:.1f}")
            self._devices.append((device.id, description))
        self._fill()

    def _fill(self) -> None:
        chosen_id = self._context.core.settings.device
        self._menu.clear()
        action_group = QActionGroup(self._menu)
        for device, description in self._devices:
            action = self._menu.addAction(description)
            action.setCheckable(True)
            action.setChecked(device == chosen_id)
            action.setToolTip(self.tr("Render, parse and encode on this device from now on"))
            action.triggered.connect(lambda _=False, device=device: self.use(device))
            action_group.addAction(action)
        device_names = {AUTO: self.tr("Automatic"), "cpu": self.tr("CPU")}
        self._context.status.show_device(device_names.get(chosen_id, chosen_id))

    def use(self, device: str) -> None:
        """Run on ``device`` from the next job on and render there at once."""
        self._context.core.use_device(device)
        self._fill()
        self._render.render_now()


class ModelController(QObject):
    """Fills the Model menu and changes the document's weights."""

    def __init__(
        self,
        context: Context,
        restyle: RestyleController,
        new: NewController,
        photos: PhotosController,
        menu: QMenu,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._restyle = restyle
        self._new = new
        self._photos = photos
        self._menu = menu
        context.core.catalogue.changed.connect(self._fill)
        self._document.weights_changed.connect(self._fill)
        self._document.replaced.connect(self._fill)
        self._fill()

    def use(self, weights_name: str) -> None:
        """Make the picture with the weights ``weights_name``: at once where they serve the document's kind and know its
        labels. With other labels the photo begins again; where they paint, the user chooses a template for a new
        document.
        """
        document, catalogue = self._document, self._context.core.catalogue
        kind = document.kind
        try:
            label_set, serves_kind = catalogue.label_set(weights_name), catalogue.serves(weights_name, kind.request)
        except EngineError as error:
            self._context.core.hub.error(error)
            self._fill()
            return
        if serves_kind and label_set.same_labels(document.label_set):
            if weights_name != document.weights:
                self._restyle.change_weights(weights_name, label_set)
        elif serves_kind and kind.shows_photo and document.photo is not None:
            self._photos.begin(document.photo, PhotoUse(kind, label_set, weights_name))  # its regions are others
        elif catalogue.serves(weights_name, RenderRequest):
            self._new.template_for(weights_name)
        else:
            sentence = self.tr('The weights "{0}" are for photos; open one with File > New from photo.')
            self._context.core.hub.notice(sentence.format(weights_name))
        self._fill()  # the check mark moves when the document has changed

    def _fill(self, *_: object) -> None:
        chosen_name = self._document.weights
        usable = self._context.core.catalogue.serving(self._document.kind.request)
        self._menu.clear()
        action_group = QActionGroup(self._menu)
        for weights_name, card in usable:
            action = self._menu.addAction(
                self.tr("{0} ({1})").format(card.name or weights_name, system_text(card.system))
            )
            action.setCheckable(True)
            action.setChecked(weights_name == chosen_name)
            action.triggered.connect(lambda _=False, weights_name=weights_name: self.use(weights_name))
            action_group.addAction(action)
        if not usable:
            self._menu.addAction(self.tr("No weights found")).setEnabled(False)
        shown_name = next((card.name for weights_name, card in usable if weights_name == chosen_name), chosen_name)
        self._context.status.show_model(shown_name or self.tr("No weights"))
