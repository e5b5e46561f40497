"""Whatever is dropped or pasted finds its place, or one sentence says why not."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from safetensors.numpy import save_file

from app.controllers.styles import Target
from app.dialogs.choices import ChoiceDialog
from app.dialogs.label_map import LabelMapDialog
from app.dialogs.regions import RegionsDialog
from app.dialogs.templates import TemplateDialog
from app.dialogs.weights import ImportDialog
from app.imaging.mime import Incoming, style_mime
from app.imaging.pixels import to_qimage
from app.panels.styles.panel import StylesPanel
from engine.labels.label_maps import write_label_map
from engine.pictures.sniffing import sniff
from engine.requests.styles import ImageStyle, MixStyle
from tests.app.fakes import FACES
from tests.app.pointing import Drag
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN, HAT = 13, 1, 14


def mime_of(path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def drop_on(widget, mime, point):
    """Drag something over a widget and let it go."""
    drag = Drag(widget, mime)
    assert drag.enter(point)
    drag.move(point)
    assert drag.drop(point)


def dialog(kind):
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found[0] if found else None


@pytest.fixture
def photo(tmp_path):
    """A drawn portrait in a folder with spaces and Chinese characters."""
    folder = tmp_path / "照片 und photos"
    folder.mkdir()
    path = folder / "portrait.png"
    Image.fromarray(photo_of(face_label_map(96), seed=3)).save(path)
    return path


@pytest.fixture
def sure(core):
    """Dropped photos are used at once when the parser is sure."""
    core.settings.always_show_regions = False


def canvas_point(window, label):
    """A point of the canvas over a region."""
    canvas = window.canvas
    ys, xs = np.nonzero(window.core.document.label_map == label)
    middle = len(ys) // 2
    view = canvas.view
    x, y = int(xs[middle]), int(ys[middle])
    return round((x + 0.5) * view.scale + view.x), round((y + 0.5) * view.scale + view.y)


def test_a_photo_on_a_region_gives_its_style(window, core, photo, qtbot, sure):
    drop_on(window.canvas, mime_of(photo), canvas_point(window, HAIR))
    qtbot.waitUntil(lambda: isinstance(core.document.style(HAIR), ImageStyle))
    style = core.document.style(HAIR)
    assert style.path == str(photo) and style.label == HAIR and style.code
    assert list(core.document.styles) == [HAIR]
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    hair = core.document.picture[core.document.label_map == HAIR]
    expected = style.code_array()[:3]
    assert np.abs(hair.astype(float) - expected).max() <= 0.5
    core.document.undo()
    assert core.document.styles == {}


def test_a_photo_on_a_label_gives_its_style(window, core, photo, qtbot, sure):
    panel = window.labels
    panel.list.scrollTo(panel.model.index_of(SKIN))
    rect = panel.list.visualRect(panel.model.index_of(SKIN))
    drop_on(panel.list.viewport(), mime_of(photo), (rect.center().x(), rect.center().y()))
    qtbot.waitUntil(lambda: SKIN in core.document.styles)
    assert core.document.current_label == SKIN


def test_a_photo_on_the_styles_panel_gives_all_styles_in_one_step(window, core, photo, qtbot, sure):
    drop_on(window.findChild(StylesPanel), mime_of(photo), (5, 5))
    qtbot.waitUntil(lambda: len(core.document.styles) > 5)
    present = set(np.unique(face_label_map(96)).tolist())
    assert set(core.document.styles) == present
    assert core.document.undo_text == "All styles from portrait.png"
    core.document.undo()
    assert core.document.styles == {}


def test_a_photo_on_the_second_slot_mixes(window, core, photo, qtbot, sure, tmp_path):
    core.document.set_current_label(HAIR)
    drop_on(window.findChild(StylesPanel).card.thumb_a, mime_of(photo), (5, 5))
    qtbot.waitUntil(lambda: HAIR in core.document.styles)
    other = tmp_path / "other.png"
    Image.fromarray(photo_of(face_label_map(96), seed=9)).save(other)
    drop_on(window.findChild(StylesPanel).card.thumb_b, mime_of(other), (5, 5))
    qtbot.waitUntil(lambda: isinstance(core.document.style(HAIR), MixStyle))
    style = core.document.style(HAIR)
    assert (style.a.path, style.b.path, style.amount) == (str(photo), str(other), 0.5)


def test_codes_are_encoded_once_for_each_file_and_map(window, core, photo, engine, qtbot, sure):
    for label in (HAIR, SKIN):
        drop_on(window.canvas, mime_of(photo), canvas_point(window, label))
        qtbot.waitUntil(lambda label=label: label in core.document.styles)
    assert engine.parses == 1
    assert engine.encodes == 1


def test_an_unsure_parser_shows_the_regions_first(window, core, photo, engine, qtbot, sure):
    engine.confidence, engine.notes = 0.4, ("The parser is unsure about this picture.",)
    drop_on(window.canvas, mime_of(photo), canvas_point(window, HAIR))
    qtbot.waitUntil(lambda: dialog(RegionsDialog) is not None)
    shown = dialog(RegionsDialog)
    assert "unsure" in shown.bar.problem.sentence
    assert core.document.styles == {}
    shown.document.pixels.apply_mask(np.ones((96, 96), bool), HAIR)  # the user paints the hair by hand
    shown.accept()
    qtbot.waitUntil(lambda: HAIR in core.document.styles)
    corrected = core.document.style(HAIR).label_map()
    assert (corrected == HAIR).all()


def test_a_label_that_the_photo_lacks_asks_for_another_region(window, core, photo, qtbot, sure):
    core.document.set_current_label(HAT)
    drop_on(window.findChild(StylesPanel).card.thumb_a, mime_of(photo), (5, 5))
    qtbot.waitUntil(lambda: dialog(RegionsDialog) is not None)
    shown = dialog(RegionsDialog)
    assert "No Hat" in shown.bar.problem.sentence
    shown.source.setCurrentIndex(shown.source.findData(HAIR))
    shown.accept()
    qtbot.waitUntil(lambda: HAT in core.document.styles)
    assert core.document.style(HAT).label == HAIR


def test_regions_are_shown_every_time_until_the_user_says_otherwise(window, core, photo, qtbot):
    drop_on(window.canvas, mime_of(photo), canvas_point(window, HAIR))
    qtbot.waitUntil(lambda: dialog(RegionsDialog) is not None)
    shown = dialog(RegionsDialog)
    shown.only_unsure.setChecked(True)
    shown.accept()
    qtbot.waitUntil(lambda: HAIR in core.document.styles)
    assert not core.settings.always_show_regions
    drop_on(window.canvas, mime_of(photo), canvas_point(window, SKIN))
    qtbot.waitUntil(lambda: SKIN in core.document.styles)


def test_a_picture_on_no_region_is_asked_about(window, core, photo, qtbot, sure):
    drop_on(window, mime_of(photo), (5, 5))
    qtbot.waitUntil(lambda: dialog(ChoiceDialog) is not None)
    assert set(dialog(ChoiceDialog).buttons) == {"edit 0", "paint 0", "all", "label"}
    dialog(ChoiceDialog).buttons["paint 0"].click()
    qtbot.waitUntil(lambda: dialog(RegionsDialog) is not None)
    dialog(RegionsDialog).accept()
    document = core.document
    before = document.scene
    qtbot.waitUntil(lambda: document.undo_text == f"New from {photo.name}")
    assert document.label_map.shape == (64, 64)  # what the weights paint
    assert document.picture.shape == (64, 64, 3)  # the photo, until the painting is there
    assert set(document.styles) == set(np.unique(face_label_map(96)).tolist())
    document.undo()
    assert document.scene == before


def test_a_label_map_becomes_a_document(window, core, tmp_path, qtbot):
    label_map = np.zeros((80, 80), np.uint8)
    label_map[:40] = HAIR
    path = tmp_path / "map.png"
    write_label_map(path, label_map, FACES)
    drop_on(window.canvas, mime_of(path), canvas_point(window, HAIR))
    qtbot.waitUntil(lambda: dialog(LabelMapDialog) is not None and dialog(LabelMapDialog).usable)
    dialog(LabelMapDialog).make.click()
    assert np.array_equal(core.document.label_map, label_map)  # of its own size


def test_a_label_map_can_replace_the_map_and_keep_styles(window, core, tmp_path, qtbot):
    core.document.styling.set_styles({HAIR: ImageStyle(path="a.png", label=HAIR)})
    path = tmp_path / "map.png"
    write_label_map(path, np.full((64, 64), SKIN, np.uint8), FACES)
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: dialog(LabelMapDialog) is not None and dialog(LabelMapDialog).usable)
    dialog(LabelMapDialog).replace.click()
    assert (core.document.label_map == SKIN).all()
    assert HAIR in core.document.styles


def test_a_label_map_that_replaces_the_map_keeps_its_own_size(window, core, tmp_path, qtbot):
    core.document.styling.set_styles({HAIR: ImageStyle(path="a.png", label=HAIR)})
    before, label_map = core.document.label_map.copy(), np.full((70, 90), SKIN, np.uint8)
    label_map[:3, 5:] = HAIR
    path = tmp_path / "map.png"
    write_label_map(path, label_map, FACES)
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: dialog(LabelMapDialog) is not None and dialog(LabelMapDialog).usable)
    dialog(LabelMapDialog).replace.click()
    assert np.array_equal(core.document.label_map, label_map) and HAIR in core.document.styles
    core.document.undo()
    assert np.array_equal(core.document.label_map, before)


def test_a_large_picture_on_the_clipboard_is_written_behind_the_window(window, core, qtbot, sure, monkeypatch):
    from app.controllers import styles

    threads = []

    def keep_image(image):
        threads.append(threading.current_thread())
        return kept(image)

    kept = styles.keep_image
    monkeypatch.setattr(styles, "keep_image", keep_image)
    image = to_qimage(photo_of(face_label_map(96), seed=4))
    window.controllers.styles.use(Incoming(image=image), Target(HAIR))
    qtbot.waitUntil(lambda: HAIR in core.document.styles)
    window.controllers.files.take(Incoming(image=image))
    qtbot.waitUntil(lambda: dialog(ChoiceDialog) is not None)
    assert len(threads) == 2 and threading.main_thread() not in threads


def test_a_picture_on_the_clipboard_is_a_style(window, core, qtbot, sure):
    image = to_qimage(photo_of(face_label_map(96), seed=4))
    QGuiApplication.clipboard().setImage(image)
    core.document.set_current_label(HAIR)
    window.actions_by_id["paste"].trigger()
    qtbot.waitUntil(lambda: dialog(ChoiceDialog) is not None)
    dialog(ChoiceDialog).buttons["label"].click()
    qtbot.waitUntil(lambda: HAIR in core.document.styles)


def test_an_empty_clipboard_is_told(window, qtbot):
    QGuiApplication.clipboard().clear()
    window.actions_by_id["paste"].trigger()
    assert "clipboard" in window.error_bar.problem.sentence


def test_a_style_dragged_from_the_panel_is_copied(window, core, photo, qtbot, sure):
    drop_on(window.canvas, mime_of(photo), canvas_point(window, HAIR))
    qtbot.waitUntil(lambda: HAIR in core.document.styles)
    drop_on(window.canvas, style_mime(HAIR), canvas_point(window, SKIN))
    assert core.document.style(SKIN) == core.document.style(HAIR)


def few_colours(path, mode):
    """A photo saved with a palette of 32 colours, or a dark one in grey: to a program it looks like a label map."""
    image = Image.fromarray(photo_of(face_label_map(96), seed=3))
    saved = image.quantize(32) if mode == "P" else image.convert("L").point(lambda value: value // 8)
    saved.save(path)
    return path


@pytest.mark.parametrize("mode", ["P", "L"])
def test_a_photo_of_few_colours_is_a_style_like_any_other(window, core, tmp_path, qtbot, sure, mode):
    path = few_colours(tmp_path / "photo.png", mode)
    assert sniff(path) == "label_map"
    drop_on(window.findChild(StylesPanel), mime_of(path), (5, 5))
    qtbot.waitUntil(lambda: len(core.document.styles) > 5)


def test_what_may_be_photo_or_label_map_is_asked_about_where_both_fit(window, core, tmp_path, qtbot, sure):
    path = few_colours(tmp_path / "photo.png", "P")
    drop_on(window.canvas, mime_of(path), canvas_point(window, HAIR))
    qtbot.waitUntil(lambda: dialog(ChoiceDialog) is not None)
    assert set(dialog(ChoiceDialog).buttons) == {"edit 0", "paint 0", "all", "label", "map"}
    dialog(ChoiceDialog).buttons["label"].click()
    qtbot.waitUntil(lambda: HAIR in core.document.styles)
    assert list(core.document.styles) == [HAIR]


@pytest.mark.parametrize("name", ["text.png", "cut.jpg", "huge.png", "tiny.png", "gone.png"])
def test_bad_files_get_one_sentence_and_change_nothing(window, core, tmp_path, qtbot, sure, name):
    path = tmp_path / "某 folder" / name
    path.parent.mkdir()
    if name == "text.png":
        path.write_text("not a picture at all", encoding="utf-8")
    elif name == "cut.jpg":
        full = tmp_path / "full.jpg"
        Image.fromarray(photo_of(face_label_map(256))).save(full)
        path.write_bytes(full.read_bytes()[:3000])
    elif name == "huge.png":
        path.write_bytes(huge_png(20_000, 20_000))
    elif name == "tiny.png":
        Image.new("RGB", (1, 1)).save(path)
    before = core.document.label_map.copy()
    drop_on(window.findChild(StylesPanel), mime_of(path), (5, 5))
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    sentence = window.error_bar.problem.sentence
    assert name in sentence and "\n" not in sentence and "Traceback" not in sentence
    window.error_bar.dismiss()
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    assert core.document.styles == {}
    assert np.array_equal(core.document.label_map, before)
    assert not core.document.dirty


def huge_png(width: int, height: int) -> bytes:
    """The header of a PNG of that size, and hardly any data."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_weights_of_other_labels_begin_a_document_of_their_own(window, core, qtbot):
    window.controllers.model.use("fake-streets")
    qtbot.waitUntil(lambda: dialog(TemplateDialog) is not None)
    shown = dialog(TemplateDialog)
    assert "fake-streets" in shown.windowTitle()
    assert core.document.weights == "fake-faces"  # nothing happens until a template is chosen
    shown.accept()
    assert core.document.weights == "fake-streets" and core.document.label_set.name == "street"
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert window.error_bar.problem is None
    core.document.undo()
    assert core.document.weights == "fake-faces" and core.document.label_set.name == "faces"


def test_a_folder_that_is_no_weights_is_told(window, tmp_path, qtbot):
    window.controllers.files.open_path(tmp_path)
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    assert tmp_path.name in window.error_bar.problem.sentence


def test_an_animation_gives_its_first_frame_and_a_note(window, core, tmp_path, qtbot, sure):
    path = tmp_path / "animation.gif"
    frames = [Image.fromarray(photo_of(face_label_map(64), seed=n)) for n in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    drop_on(window.findChild(StylesPanel), mime_of(path), (5, 5))
    qtbot.waitUntil(lambda: len(core.document.styles) > 5)
    assert "animation.gif" in window.error_bar.problem.sentence


def test_a_label_map_beside_a_picture_is_its_own(window, core, photo, engine, qtbot):
    """NAME.labels.png, as beside the samples: the regions are known, so nothing is parsed or asked."""
    write_label_map(photo.with_name("portrait.labels.png"), np.full((96, 96), HAIR, np.uint8), FACES)
    drop_on(window.canvas, mime_of(photo), canvas_point(window, HAIR))
    qtbot.waitUntil(lambda: HAIR in core.document.styles)
    assert engine.parses == 0
    assert (core.document.style(HAIR).label_map() == HAIR).all()


def test_a_picture_made_here_gives_styles_by_its_own_map(window, core, engine, qtbot, tmp_path):
    from app.jobs.writing import write_picture

    path = tmp_path / "made.png"
    write_picture(path, photo_of(core.document.label_map), core.document.scene.to_request())
    drop_on(window.findChild(StylesPanel), mime_of(path), (5, 5))
    qtbot.waitUntil(lambda: len(core.document.styles) > 5)
    assert engine.parses == 0


def test_a_map_with_unknown_ids_is_named_wherever_it_comes_from(window, core, tmp_path, qtbot):
    wrong = face_label_map(64)
    wrong[0, 0], wrong[5, 5] = 55, 240
    path = tmp_path / "wrong.png"
    Image.fromarray(wrong).save(path)
    before = core.document.label_map.copy()
    drop_on(window, mime_of(path), (5, 5))
    qtbot.waitUntil(lambda: dialog(ChoiceDialog) is not None)
    dialog(ChoiceDialog).buttons["map"].click()
    qtbot.waitUntil(lambda: dialog(LabelMapDialog) is not None)
    shown = dialog(LabelMapDialog)
    qtbot.waitUntil(lambda: bool(shown.problem.text()))
    assert "55" in shown.problem.text() and "240" in shown.problem.text() and not shown.make.isEnabled()
    shown.reject()
    assert np.array_equal(core.document.label_map, before)


def test_a_bare_file_of_tensors_is_imported_and_one_beside_its_card_is_opened(window, core, tmp_path, qtbot):
    bare = tmp_path / "published.safetensors"
    save_file({"fc.weight": np.zeros((2, 2), np.float32)}, bare)
    drop_on(window, mime_of(bare), (5, 5))
    qtbot.waitUntil(lambda: dialog(ImportDialog) is not None)
    assert dialog(ImportDialog).name.text() == "published"
    dialog(ImportDialog).reject()
    (tmp_path / "card.json").write_text("{}")
    drop_on(window, mime_of(bare), (5, 5))
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    assert "card.json" in window.error_bar.problem.sentence and dialog(ImportDialog) is None


def test_a_photo_whose_name_is_as_long_as_a_name_can_be_gives_its_style(window, core, photo, tmp_path, qtbot, sure):
    path = tmp_path / ("写" * 80 + "n.jpg")  # 245 bytes: NAME.labels.png beside it would be too long
    shutil.copy(photo, path)
    drop_on(window.canvas, mime_of(path), canvas_point(window, HAIR))
    qtbot.waitUntil(lambda: HAIR in core.document.styles)
    assert core.document.style(HAIR).path == str(path) and window.error_bar.problem is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "pointer of Git LFS"),
        (b"<!DOCTYPE html><title>Sign in</title>", "web page"),
    ],
)
def test_what_was_saved_in_place_of_a_file_is_called_what_it_is(window, tmp_path, qtbot, content, said):
    path = tmp_path / "latest_net_G.pth"
    path.write_bytes(content)
    drop_on(window, mime_of(path), (5, 5))
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    assert said in window.error_bar.problem.sentence and "latest_net_G.pth" in window.error_bar.problem.sentence
