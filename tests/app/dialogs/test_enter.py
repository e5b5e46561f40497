"""Enter does what the highlighted button says, in every dialog and wherever the focus is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from app.dialogs.change_label import ChangeLabelDialog
from app.dialogs.data_report import DataReportDialog
from app.dialogs.export_photo import ExportPhotoDialog
from app.dialogs.label_map import LabelMapDialog
from app.dialogs.morph import MorphDialog
from app.dialogs.quality import QualityDialog
from app.dialogs.regions import Purpose, RegionsDialog
from app.dialogs.templates import TemplateDialog
from app.dialogs.weights import ImportDialog, WeightsDialog
from app.document.opening import Gallery, Painting, templates
from app.jobs.photos import Photo
from app.shell.theme import Theme
from app.studio.evaluation import EvaluationDialog
from engine.labels.label_maps import write_label_map
from engine.systems.base import Abilities
from tests.app.fakes import FACES
from tests.fixtures import face_label_map, photo_of

HAIR = 13


def dialogs_with_a_primary_button(core, folder):
    """One of each that paints a button as the one to press."""
    write_label_map(folder / "map.png", face_label_map(64), FACES)
    photo = Photo(folder / "photo.png", photo_of(face_label_map(64)), face_label_map(64), 0.95)
    yield RegionsDialog(photo, FACES, Purpose.NEW, painting=Painting(FACES, "w"))
    yield LabelMapDialog(folder / "map.png", FACES, core.submit, core.settings)
    yield MorphDialog("Hair", Abilities(images=True, samples=True))
    yield ChangeLabelDialog(FACES, HAIR, "12 %")
    yield TemplateDialog([Gallery(FACES, "w", tuple(templates(FACES)))])
    yield ExportPhotoDialog(folder / "photo.jpg")
    yield QualityDialog(folder / "picture.jpg")
    yield WeightsDialog()
    yield ImportDialog(folder / "weights.pth")
    yield DataReportDialog(core.work_lane, core.settings, folder)
    yield EvaluationDialog(core)


def test_enter_presses_the_highlighted_button_wherever_the_focus_is(core, tmp_path, qtbot):
    for dialog in dialogs_with_a_primary_button(core, tmp_path):
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # qtbot closes it
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitExposed(dialog)
        buttons = [button for button in dialog.findChildren(QPushButton) if button.isVisible()]
        highlighted = [button.text() for button in buttons if button.property("primary")]
        for button in buttons:
            button.setFocus()
            assert [each.text() for each in buttons if each.isDefault()] == highlighted, type(dialog)
        dialog.close()


def test_the_button_that_enter_presses_is_painted_as_such(core, qapp, tmp_path, qtbot):
    before = qapp.styleSheet(), qapp.palette()
    Theme(qapp, "dark")
    try:
        for dialog in dialogs_with_a_primary_button(core, tmp_path):
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
            qtbot.addWidget(dialog)
            dialog.show()
            qtbot.waitExposed(dialog)
            for button in dialog.findChildren(QPushButton):
                if button.isVisible() and button.property("primary"):
                    button.setEnabled(True)
                    colour = button.grab().toImage().pixelColor(button.width() // 2, 4)
                    assert colour == button.palette().color(QPalette.ColorRole.Highlight), type(dialog)
            dialog.close()
    finally:
        qapp.setStyleSheet(before[0])
        qapp.setPalette(before[1])


def test_enter_makes_a_document_of_a_label_map_that_could_replace_the_present_one(core, tmp_path, qtbot):
    write_label_map(tmp_path / "map.png", face_label_map(64), FACES)
    dialog = LabelMapDialog(tmp_path / "map.png", FACES, core.submit, core.settings)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.usable)
    dialog.replace.setFocus()
    with qtbot.waitSignal(dialog.used) as used:
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert used.args[1] == "new"


def test_a_map_of_another_size_than_the_photo_is_questioned(core, tmp_path, qtbot):
    write_label_map(tmp_path / "map.png", face_label_map(64), FACES)
    questions = {}
    for photo_size in ((64, 64), (90, 120), None):
        dialog = LabelMapDialog(tmp_path / "map.png", FACES, core.submit, core.settings, photo_size=photo_size)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        qtbot.waitUntil(lambda dialog=dialog: dialog.usable)
        questions[photo_size] = dialog.problem.text()
        assert dialog.replace.isEnabled()
        dialog.close()
    assert questions[64, 64] == questions[None] == ""
    assert "120 x 90" in questions[90, 120]
