"""The weights' window: what is installed and missing, checking, importing, removing; a dropped .pth."""

from __future__ import annotations

import dataclasses
import re

import pytest
import torch
from PIL import Image
from PySide6.QtCore import Qt

from app.catalogue import Catalogue
from app.core import Core
from app.dialogs.weights import Import, ImportDialog, _suggest
from app.panels.weights_text import cells, entry_html, missing_html
from app.shell.i18n import install_language
from app.shell.settings import Settings
from app.training.use import weights_name
from app.window.main_window import MainWindow
from engine.errors import BadFile, WeightsError
from engine.labels.label_sets import load_label_set
from engine.metrics import features
from engine.weights import manage, store
from engine.weights.card import Card, read_card
from engine.weights.folder import sheet_file
from engine.weights.manage import is_removable, missing, problem_of, remove_weights
from engine.weights.store import WeightsEntry, find_weights, save_weights, user_weights_folder
from tests.app.fakes import FakeSession
from tests.app.window.test_window import nameless
from tests.engine.weights.published_files import sean_shapes, state_of, write_pth
from tests.fixtures import face_label_map


def install(name: str, **facts):
    card = Card(name=name, system="sean", label_set=load_label_set("faces").to_dict(), **facts)
    save_weights(user_weights_folder() / name, card, {"w": torch.zeros(3)})


@pytest.fixture
def window(qtbot, tmp_path, engine, tiny_weights):
    core = Core(
        Settings(tmp_path / "settings.ini"),
        sessions=lambda device: lambda: FakeSession(engine, device),
        catalogue=Catalogue(),
    )
    core.document.new(
        label_set=load_label_set("faces"), label_map=face_label_map(64), weights="tiny-sean", undoable=False
    )
    made = MainWindow(core)
    qtbot.addWidget(made, before_close_func=lambda _: core.document.mark_saved())
    made.show()
    yield made
    core.shutdown()
    core.deleteLater()


@pytest.fixture
def panel(window):
    window.actions_by_id["weights"].trigger()
    return window.controllers.weights._dialog.panel


def row_of(panel, name: str) -> list[str]:
    texts = [[panel.table.item(row, i).text() for i in range(6)] for row in range(panel.table.rowCount())]
    return next(row for row in texts if row[0] == name)


# ---------------------------------------------------------------- the engine's side


def test_only_weights_of_one_s_own_can_be_removed(tiny_weights, tmp_path):
    install("mine")
    (user_weights_folder() / "mine" / "notes.txt").write_text("kept")
    assert is_removable(user_weights_folder() / "mine")
    folder = remove_weights("mine")
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    save_weights(tmp_path / "elsewhere", Card(name="elsewhere", system="sean"), {"w": torch.zeros(3)})
    with pytest.raises(BadFile, match="by hand"):
        remove_weights(tmp_path / "elsewhere")
    with pytest.raises(WeightsError, match="no weights called"):
        remove_weights("nothing")


def test_those_that_came_with_tessera_stay():
    with pytest.raises(BadFile, match="by hand"):
        remove_weights("sean-faces")
    assert find_weights("sean-faces").is_dir()


def test_a_changed_file_is_told_from_the_one_on_the_card(tiny_weights):
    install("mine")
    assert problem_of("mine") == ""
    (model,) = (user_weights_folder() / "mine").glob("model-*")
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    assert "SHA-256 differs" in problem_of("mine")
    assert "no weights called" in problem_of("yours")


def test_what_is_missing_says_where_it_goes(tiny_weights, monkeypatch):
    monkeypatch.setenv("TESSERA_NETS", "")
    found = {one.name: one for one in missing()}
    assert "sean" not in found and found["spade"].folder == user_weights_folder()
    net = found.get(features.MOBILENET)
    assert (net is None) == (features.find_feature_net() is not None)
    if net is not None:
        assert net.folder == features.install_folder()


def test_a_run_never_takes_the_name_of_weights_that_are_not_the_user_s(tiny_weights, tmp_path):
    assert weights_name(tmp_path / "tiny-sean") == "tiny-sean-own"
    assert weights_name(tmp_path / "fresh") == "fresh"
    install("mine")
    assert weights_name(tmp_path / "mine") == "mine"


# ---------------------------------------------------------------- the window


def test_the_side_of_weights_with_several_networks_is_shown():
    """It was asked of the config of weights with one network, and missing."""
    networks = {"generator": {"resolution": 64}, "encoder": {}}
    card = Card(name="two", system="smis", networks=networks, metrics={"val": {"psnr": 16.5, "reconstructions": {
        "miou": 0.25
    }}})
    entry = WeightsEntry("two", user_weights_folder() / "two", card)
    assert cells(entry, "")[1] == "SMIS, 64 px"
    assert "PSNR 16.5, mIoU 0.25" in entry_html(entry, "")
    of_a_discriminator = dataclasses.replace(entry, card=card.replace(networks={"discriminator": {}}))
    assert cells(of_a_discriminator, "")[1] == "SMIS"


def test_the_table_shows_cards_and_says_why_something_is_broken(qtbot, window, panel):
    install("mine", weights_licence="CC0", notes="Made of drawings.", steps=12, metrics={"val": {"psnr": 17.5}})
    install("broken")
    (model,) = (user_weights_folder() / "broken").glob("model-*")
    model.write_bytes(b"no tensors")
    window.core.catalogue.reload()
    assert row_of(panel, "mine")[1:5] == ["SEAN, 256 px", "19 (Faces)", "0.0 MB", "CC0"]
    panel.choose("mine")
    for words in ("Made of drawings.", "12 steps", "PSNR 17.5", "SHA-256", "CVPR 2020", "MIT"):
        assert words in panel.about.toPlainText()
    assert panel.remove_button.isEnabled() and panel.use_button.isEnabled()
    panel.choose("broken")
    assert "safetensors" in panel.about.toPlainText() and not panel.use_button.isEnabled()
    panel.choose("tiny-parser")
    assert not panel.use_button.isEnabled()
    texts = [panel.table.item(row, 1).text() for row in range(panel.table.rowCount())]
    assert panel.table.item(texts.index("SPADE"), 5).text() == "not installed"
    panel.table.selectRow(texts.index("SPADE"))
    assert "arXiv 1903.07291" in panel.about.toPlainText() and "CC BY-NC-SA" in panel.about.toPlainText()
    panel.table.selectRow(panel.table.rowCount() - 1)
    assert str(user_weights_folder()) in panel.about.toPlainText()
    assert nameless(panel) == []


def test_in_chinese_all_but_names_and_the_card_s_own_words_are_chinese(qapp, tiny_weights, monkeypatch):
    card = Card(
        name="front", system="parser", label_set=load_label_set("facades").to_dict(), steps=3, seconds=60.0,
        metrics={"val": {"accuracy": 0.5, "miou": 0.25}}, weights_licence="",
    )  # fmt: skip
    save_weights(user_weights_folder() / "front", card, {"w": torch.zeros(3)})
    entry = next(entry for entry in store.list_weights() if entry.name == "front")
    monkeypatch.setattr(manage, "find_network_file", lambda *names: None)
    install_language("zh_CN")
    try:
        shown = [*cells(entry, None), entry_html(entry, None), *(missing_html(absent) for absent in missing())]
    finally:
        install_language("en")
    words = "parser|facades|research|the perceptual|the Frechet|weights of this|accuracy|steps"
    assert [text for text in shown if re.search(words, text.replace("resources", ""))] == []


def test_enter_uses_the_chosen_weights_and_imports_nothing(qtbot, window, panel):
    wanted = []
    panel.import_wanted.connect(lambda: wanted.append("import"))
    panel.use_wanted.connect(wanted.append)
    for name, says in (
        ("tiny-sean", ["tiny-sean"]),
        ("tiny-parser", []),
    ):  # a parser paints nothing
        wanted.clear()
        panel.choose(name)
        panel.table.setFocus()
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
        assert wanted == says


def test_the_sample_sheet_beside_weights_is_shown(qtbot, window, panel):
    install("mine")
    folder = user_weights_folder() / "mine"
    Image.new("RGB", (640, 320), "teal").save(sheet_file(folder, read_card(folder)))
    window.core.catalogue.reload()
    panel.choose("mine")
    qtbot.waitUntil(lambda: not panel.picture.pixmap().isNull())
    panel.choose("tiny-sean")
    assert panel.picture.isHidden()


def test_checking_reads_every_file(qtbot, window, panel):
    install("mine")
    window.core.catalogue.reload()
    (model,) = (user_weights_folder() / "mine").glob("model-*")
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    panel.choose("tiny-sean")
    panel.check_button.click()
    qtbot.waitUntil(lambda: row_of(panel, "tiny-sean")[5] == "checked")
    assert panel.chosen.name == "tiny-sean"
    assert "SHA-256" in row_of(panel, "mine")[5]
    last = panel.table.rowCount() - 1
    panel.table.selectRow(last)  # what is not installed stays chosen too
    panel.show_checked({})
    assert panel.table.currentRow() == last


def test_removing_asks_first(qtbot, window, panel):
    install("mine")
    window.core.catalogue.reload()
    controller, answers = window.controllers.weights, [False, True]
    controller.ask_remove = lambda *_: answers.pop(0)
    panel.choose("mine")
    panel.remove_button.click()
    assert (user_weights_folder() / "mine").is_dir()
    panel.remove_button.click()
    qtbot.waitUntil(lambda: not (user_weights_folder() / "mine").exists())
    qtbot.waitUntil(lambda: "mine" not in [entry.name for entry in window.core.catalogue.entries])
    panel.choose("tiny-sean")
    assert panel.remove_button.isEnabled() == is_removable(find_weights("tiny-sean"))


def test_a_published_file_dropped_on_the_window_is_imported(qtbot, window, tmp_path, monkeypatch):
    path = tmp_path / "checkpoints" / "CelebA-HQ_pretrained" / "latest_net_G.pth"
    path.parent.mkdir(parents=True)
    write_pth(path, state_of(sean_shapes(labels=19)))
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: bool(window.findChildren(ImportDialog)))
    dialog = window.findChildren(ImportDialog)[0]
    assert dialog.name.text() == "CelebA-HQ_pretrained"
    dialog.name.setText("a/b")
    assert not dialog.take.isEnabled() and dialog.problem.isVisible()
    dialog.name.setText("theirs")
    dialog.take.click()
    qtbot.waitUntil(lambda: "theirs" in [entry.name for entry in window.core.catalogue.entries], timeout=120_000)
    assert store.load_weights("theirs").card.system == "sean"
    assert window.controllers.weights._dialog.panel.chosen.name == "theirs"


def test_a_file_that_is_no_network_gets_a_sentence(qtbot, window, tmp_path):
    said = []
    window.core.hub.reported.connect(lambda problem: said.append(problem.sentence))
    path = tmp_path / "other.pth"
    torch.save({"w": torch.zeros(2)}, path)
    window.controllers.weights._import(Import(path, "other", None))
    qtbot.waitUntil(lambda: bool(said), timeout=120_000)
    assert "other.pth" in said[0] and not (user_weights_folder() / "other").exists()


@pytest.mark.parametrize(
    ("path", "name"), [("face/latest_net_G.pth", "face"), ("my net (2).pth", "my-net-2"), ("面.pth", "面")]
)
def test_names_are_suggested_from_the_file(tmp_path, path, name):
    assert _suggest(tmp_path / path) == name


def test_weights_are_not_imported_under_a_name_that_no_folder_can_have(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path))
    dialog = ImportDialog(tmp_path / "a.pth")
    qtbot.addWidget(dialog)
    assert dialog.take.isEnabled()
    for name, says in (("写" * 90, "too long"), ("a.", "a dot or a space")):
        dialog.name.setText(name)
        assert not dialog.take.isEnabled() and says in dialog.problem.text()
