"""The Model and Device menus: which weights paint, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from app.controllers.context import Context
from app.jobs.photos import CodeCache
from app.jobs.preload import preload_torch
from app.jobs.restyle import encode_again, image_parts, own_regions, possible, whole_picture, with_codes
from app.jobs.work_lane import Work
from engine.errors import EngineError
from engine.labels.label_sets import LabelSet
from engine.requests.styles import ImageStyle, Style

AUTO = "auto"
GIB = 1 << 30


class DeviceController(QObject):
    """Fills the Device menu. The GPUs are asked for in a worker, because that imports torch."""

    def __init__(self, context: Context, menu: QMenu, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._menu = menu
        self._looking: Work | None = None
        self._devices: list[tuple[str, str]] = [(AUTO, self.tr("Automatic")), ("cpu", self.tr("CPU"))]
        self._fill()

    def look(self) -> None:
        """Ask which devices there are; called after the first frame, as that imports torch."""
        lane = self._context.core.work_lane
        self._looking = lane.submit(_devices, text=self.tr("Looking for devices"), on_done=self._found)

    def stop(self) -> None:
        """The window goes: ask no more."""
        if self._looking is not None and not self._looking.settled:
            self._looking.cancel()

    def _found(self, devices: list[Any]) -> None:
        self._devices = [(AUTO, self.tr("Automatic"))]
        for device in devices:
            text = self.tr("CPU: {0}").format(device.name) if device.id == "cpu" else f"{device.id}: {device.name}"
            if device.id.startswith("cuda"):
                text = self.tr("{0} ({1} GB free)").format(text, f"{device.free_bytes / GIB:.1f}")
            self._devices.append((device.id, text))
        self._fill()

    def _fill(self) -> None:
        chosen = self._context.core.settings.device
        self._menu.clear()
        group = QActionGroup(self._menu)
        for device, text in self._devices:
            action = self._menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(device == chosen)
            action.setToolTip(self.tr("Render, parse and encode on this device from now on"))
            action.triggered.connect(lambda _=False, device=device: self.use(device))
            group.addAction(action)
        names = {AUTO: self.tr("Automatic"), "cpu": self.tr("CPU")}
        self._context.status.show_device(names.get(chosen, chosen))

    def use(self, device: str) -> None:
        """Run on ``device`` from the next job on and render there at once."""
        self._context.core.use_device(device)
        self._fill()
        self._context.shell.run("render.render_now")


def _devices(work: Work) -> list[Any]:
    preload_torch()
    from engine.devices import list_devices

    return list(list_devices())


class ModelController(QObject):
    """Fills the Model menu and changes the document's weights."""

    def __init__(self, context: Context, menu: QMenu, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._codes = CodeCache(context.core.catalogue.fingerprint)
        self._menu = menu
        context.core.catalogue.changed.connect(self._fill)
        self._document.weights_changed.connect(self._fill)
        self._document.replaced.connect(self._fill)
        self._fill()

    def use(self, name: str) -> None:
        """Paint with the weights ``name``: at once when they know the document's labels; else in a new document, for
        which the user chooses a template.

        Style codes belong to weights: the pictures are encoded again first, in the background, so that the change
        is one step and the document stays complete.
        """
        try:
            labels = self._context.core.catalogue.label_set(name)
        except EngineError as error:
            self._context.core.hub.error(error)
            self._fill()
            return
        document = self._document
        if not labels.same_labels(document.label_set):
            self._context.shell.run("new.template_for", name)  # other labels need another document
            self._fill()
            return
        if name != document.weights:
            self._encode_for(name, labels)

    def renew(self) -> None:
        """The document's weights are others now, under the same name: encode its pictures again, then paint."""
        document = self._document
        if any(image_parts(style) for style in document.styles.values()):
            self._encode_for(document.weights, document.label_set)
        else:
            self._context.shell.run("render.render_now")

    def fresh(self, styles: Mapping[int, Style], weights: str, then: Callable[[dict[int, Style]], object]) -> None:
        """Call ``then`` with styles that come from a file or from the strip of results: codes that other weights made
        than those that have the name ``weights`` now are made anew from their pictures, in the background. Those whose
        picture is gone, or too small there, stay: the engine says what is missing."""
        identity = self._context.core.catalogue.identity(weights)
        parts = [part for style in styles.values() for part in image_parts(style) if part.foreign(identity)]
        if not parts:
            then(dict(styles))
            return
        labels = self._context.core.catalogue.label_set(weights)
        self._context.core.submit(
            lambda work: encode_again(work, weights, dict.fromkeys(parts), labels, self._codes),
            text=self.tr("Encoding the styles again"),
            on_done=lambda made: then({n: with_codes(style, made, keep=True) for n, style in styles.items()}),
        )

    def _encode_for(self, name: str, labels: LabelSet) -> None:
        """Change to the weights `name`, which know the document's labels, once its pictures are encoded for them."""
        document = self._document
        old, new = self._context.core.scope.abilities, self._context.core.catalogue.abilities(name)
        styles = document.styles
        if old.scope == "picture" and new.scope == "label":
            styles = own_regions(styles, document.style_locked)
        parts = list(dict.fromkeys(part for style in styles.values() for part in image_parts(style)))
        origin, before, held = document.origin, document.weights, document.styles

        def switch(made: dict[ImageStyle, Style]) -> None:
            if document.origin is origin and document.weights == before:  # else the user has moved on
                wanted = document.styles
                if wanted == held:  # a region that the picture does not have takes the mean
                    lost = {label for label, s in styles.items() if s != held[label] and s not in made}
                    wanted = {label: style for label, style in styles.items() if label not in lost}
                self._switch(name, labels, wanted, made)
            self._fill()

        if not parts:
            switch({})
            return

        def failed(error: EngineError) -> None:
            self._context.core.hub.error(error)
            self._fill()

        self._context.core.submit(
            lambda work: encode_again(work, name, parts, labels, self._codes),
            text=self.tr("Encoding the styles again"),
            on_done=switch,
            on_failed=failed,
        )

    def _switch(self, name: str, labels: LabelSet, styles: dict[int, Style], made: dict[ImageStyle, Style]) -> None:
        """Paint with other weights from now on: one step."""
        document, can = self._document, self._context.core.catalogue.abilities(name)
        found, changed = possible(styles, made, can, document.style_locked)
        if can.scope == "picture":
            found = whole_picture(found, document.areas, len(labels), document.style_locked)
        document.change_model(name, found, label_set=labels, text=self.tr("Change model"))
        if changed:
            sentence = self.tr('{0} styles that "{1}" cannot have became something simpler; undo brings them back.')
            self._context.core.hub.notice(sentence.format(changed, name))

    def _fill(self, *_: object) -> None:
        chosen = self._document.weights
        painters = self._context.core.catalogue.painters()
        self._menu.clear()
        group = QActionGroup(self._menu)
        for name, card in painters:
            action = self._menu.addAction(self.tr("{0} ({1})").format(card.name or name, card.system.upper()))
            action.setCheckable(True)
            action.setChecked(name == chosen)
            action.triggered.connect(lambda _=False, name=name: self.use(name))
            group.addAction(action)
        if not painters:
            self._menu.addAction(self.tr("No weights found")).setEnabled(False)
        shown = next((card.name for name, card in painters if name == chosen), chosen)
        self._context.status.show_model(shown or self.tr("No weights"))
