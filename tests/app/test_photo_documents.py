"""A photo stays a photo: opened at its own size, restyled region by region, saved with its edits, found again."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.dialogs.choices import ChoiceDialog
from app.dialogs.export_photo import ExportPhotoDialog
from app.document.kinds import EDIT, RENDER
from app.document.opening import read_request_file, sample_path
from app.jobs.originals import read_original
from app.jobs.work_lane import Work
from app.jobs.writing import PhotoExport
from app.raster.view import Mode
from app.window.main_window import MainWindow
from engine.pictures.images import read_image
from engine.pictures.lossless import deep_png
from engine.pictures.photos import read_photo
from engine.pictures.png import read_embedded_request
from engine.pictures.profiles import to_srgb
from engine.requests.edit import RegionEdit
from engine.requests.json_text import from_json, to_json
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import SampleStyle
from tests.app.waiting import shown_dialogs
from tests.engine.drawn_profiles import wide_profile
from tests.fixtures import face_label_map, photo_of

SKIN, HAIR = 1, 13
RED = SampleStyle(198)  # the fake engine paints it so
SIZE = 150, 200  # of the photo


@pytest.fixture
def photo(tmp_path):
    """A photo that is no square, in a folder with spaces and Chinese characters."""
    folder = tmp_path / "照片 folder"
    folder.mkdir()
    pixels = np.full((*SIZE, 3), 90, np.uint8)
    pixels[:, 25:175] = photo_of(face_label_map(150), seed=3)
    path = folder / "portrait.png"
    Image.fromarray(pixels).save(path)
    return path


def settled(window, qtbot):
    render = window.controllers.render
    qtbot.waitUntil(lambda: render.up_to_date and not window.core.render_lane.busy)


@pytest.fixture
def edited(window, core, photo, qtbot):
    """The window with the photo as its document, its regions found."""
    core.document.mark_saved()
    window.controllers.photos.edit(photo)
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    settled(window, qtbot)
    return window


def pixels_of(path) -> np.ndarray:
    return read_image(path).pixels


# ---------------------------------------------------------------- beginning


def test_a_photo_is_shown_as_it_is_and_nothing_is_painted(edited, core, engine, photo):
    document = core.document
    assert document.kind is EDIT and document.label_map.shape == SIZE
    assert document.photo == PhotoReference.of(photo) and not document.dirty
    assert {SKIN, HAIR} <= set(np.unique(document.label_map))
    assert np.array_equal(document.picture, pixels_of(photo)) and engine.edits == []
    assert edited.canvas.overlay == 0  # a newcomer sees the photo, not a tint


def test_the_photo_is_shown_before_its_regions_are_known(window, core, photo, qtbot, monkeypatch):
    from app.controllers import photos

    def never(work, original, **kinds):
        while True:
            work.check()

    monkeypatch.setattr(photos, "photo_regions", never)
    core.document.mark_saved()
    window.controllers.photos.edit(photo)
    qtbot.waitUntil(lambda: core.document.photo is not None)
    settled(window, qtbot)
    assert np.array_equal(core.document.picture, pixels_of(photo)) and not core.document.label_map.any()
    window.controllers.render.cancel()
    qtbot.waitUntil(lambda: not core.work_lane.busy)


@pytest.fixture
def unfound(window, core, photo, qtbot, monkeypatch):
    """The photo as the document, before its regions are found; they are when the event is set."""
    from app.controllers import photos

    go_on, find = threading.Event(), photos.photo_regions

    def regions_for(work, *arguments, **kinds):
        while not go_on.wait(0.01):
            work.check()
        return find(work, *arguments, **kinds)

    monkeypatch.setattr(photos, "photo_regions", regions_for)
    core.document.set_seed(5)  # a document that somebody has worked on
    core.document.mark_saved()
    window.controllers.photos.edit(photo)
    qtbot.waitUntil(lambda: core.document.photo is not None)
    yield go_on
    go_on.set()


def test_what_is_painted_before_the_regions_come_stays_and_undo_leads_back_through_it(unfound, core, qtbot):
    document = core.document
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(20, 140), (180, 140)], 6)
    document.pixels.end_stroke()
    painted = document.label_map.copy()
    unfound.set()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    together = document.label_map.copy()
    assert (together[painted == HAIR] == HAIR).all() and (together == SKIN).any()
    document.undo()
    assert np.array_equal(document.label_map, painted)
    document.undo()
    assert not document.label_map.any() and document.photo is not None
    document.redo()
    document.redo()
    assert np.array_equal(document.label_map, together)


def test_a_style_chosen_before_the_regions_come_is_the_last_step(unfound, core, qtbot):
    core.document.styling.set_styles({HAIR: RED})
    unfound.set()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    core.document.undo()
    assert core.document.styles == {} and core.document.label_map.any() and not core.document.dirty


def test_a_label_map_that_replaced_the_empty_one_is_not_mixed_with_the_regions(unfound, core, qtbot):
    wanted = np.full(SIZE, SKIN, np.uint8)
    wanted[:50] = 0
    core.document.pixels.replace_label_map(wanted)
    unfound.set()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    assert np.array_equal(core.document.label_map, wanted)


def test_a_photo_saved_before_its_regions_came_is_unsaved_again(unfound, core, tmp_path, qtbot):
    core.document.set_path(tmp_path / "saved.json")
    core.document.mark_saved()
    unfound.set()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    assert core.document.label_map.any() and core.document.dirty


def test_regions_are_found_after_all_when_undo_and_redo_lead_back_to_the_photo(unfound, core, qtbot):
    core.document.undo()
    unfound.set()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    core.document.redo()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    assert core.document.photo is not None and core.document.label_map.any()


def test_nothing_can_be_undone_right_after_opening_where_nothing_was_done_before(edited, core, photo, qtbot):
    undo = edited.actions_by_id["undo"]
    assert not undo.isEnabled() and not core.document.dirty
    edited.controllers.photos.edit(photo)  # and from photo to photo
    qtbot.waitUntil(lambda: not core.foreground_busy and core.document.label_map.any())
    settled(edited, qtbot)
    assert not undo.isEnabled()
    core.document.styling.set_styles({HAIR: RED})
    core.document.mark_saved()
    edited.controllers.photos.edit(photo)
    qtbot.waitUntil(lambda: core.document.styles == {})
    assert undo.isEnabled()  # the edits come back by it


def test_undo_leads_back_to_the_document_before(window, core, photo, qtbot):
    """One step for the photo and its regions."""
    core.document.set_seed(5)
    core.document.mark_saved()
    window.controllers.photos.edit(photo)
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    settled(window, qtbot)
    regions = core.document.label_map.copy()
    core.settings.overlay = 30
    core.document.undo()
    assert core.document.photo is None and core.document.kind is RENDER
    assert window.canvas.overlay == 0.3 and core.document.undo_text == "Change seed"
    core.document.redo()
    assert core.document.photo is not None and np.array_equal(core.document.label_map, regions)


def test_a_photo_that_is_opened_is_edited_or_painted_as_the_user_says(window, core, photo, qtbot):
    window.controllers.files.open_path(photo)
    qtbot.waitUntil(lambda: bool(shown_dialogs(ChoiceDialog)))
    asked, *_ = shown_dialogs(ChoiceDialog)
    assert list(asked.buttons)[:2] == ["edit 0", "paint 0"]
    asked.buttons["edit 0"].click()
    qtbot.waitUntil(lambda: core.document.photo is not None)


@pytest.mark.parametrize("name", ["one.png", "text.jpg"])
def test_what_is_no_photo_is_said_and_changes_nothing(window, core, tmp_path, qtbot, name):
    path = tmp_path / name
    if name == "one.png":
        Image.new("RGB", (1, 1)).save(path)
    else:
        path.write_text("no picture")
    before, told = core.document.scene, []
    core.hub.reported.connect(told.append)
    window.controllers.photos.edit(path)
    qtbot.waitUntil(lambda: bool(told))
    assert name in told[0].sentence and core.document.scene == before


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "I;16", "P"])
def test_photos_of_every_mode_are_edited(window, core, tmp_path, qtbot, mode):
    grey = photo_of(face_label_map(64)).mean(2).astype(np.uint8)
    path = tmp_path / ("photo.jpg" if mode == "CMYK" else "photo.png")
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert("RGB")
    (image if mode == "I;16" else image.convert(mode)).save(path)
    core.document.mark_saved()
    window.controllers.photos.edit(path)
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    settled(window, qtbot)
    assert core.document.picture.shape == (64, 64, 3) and core.document.picture.dtype == np.uint8


def test_a_photo_of_other_colours_is_shown_as_one_sees_it_before_and_after(window, core, tmp_path, qtbot):
    """Telephones write wide colours: shown as they stand in the file, they are dull."""
    path, pixels = tmp_path / "wide.png", photo_of(face_label_map(64))
    Image.fromarray(pixels).save(path, icc_profile=wide_profile())
    core.document.mark_saved()
    window.controllers.photos.edit(path)
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    settled(window, qtbot)
    seen_before = core.document.picture
    assert np.array_equal(seen_before, to_srgb(pixels, wide_profile())) and (seen_before != pixels).any()
    core.document.styling.set_styles({HAIR: RED})
    settled(window, qtbot)
    elsewhere = core.document.label_map != HAIR
    assert np.array_equal(core.document.picture[elsewhere], seen_before[elsewhere])


def test_a_panorama_keeps_its_size(window, core, tmp_path, qtbot):
    path = tmp_path / "panorama.png"
    Image.new("RGB", (20000, 400), (90, 120, 140)).save(path)
    core.document.mark_saved()
    window.controllers.photos.edit(path)
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    assert core.document.label_map.shape == (400, 20000)


# ---------------------------------------------------------------- restyling


def test_a_styled_region_changes_and_every_other_sample_is_the_photo_s(edited, core, photo, qtbot):
    core.document.styling.set_styles({HAIR: RED})
    settled(edited, qtbot)
    picture, original, hair = core.document.picture, pixels_of(photo), core.document.label_map == HAIR
    assert (picture[hair] != original[hair]).any(-1).all() and np.array_equal(picture[~hair], original[~hair])


def test_a_row_that_is_switched_off_shows_the_photo_without_the_engine(edited, core, engine, photo, qtbot):
    core.document.styling.set_styles({HAIR: RED})
    settled(edited, qtbot)
    asked = len(engine.edits)
    core.document.styling.set_edit_on(HAIR, False)
    settled(edited, qtbot)
    assert np.array_equal(core.document.picture, pixels_of(photo)) and len(engine.edits) == asked


def test_strength_and_region_decide_what_is_asked_of_the_engine(edited, core, engine, qtbot):
    document = core.document
    document.styling.set_styles({HAIR: RED})
    document.styling.set_strength(HAIR, 0.5)
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(10, 10)], 5)
    document.pixels.end_stroke()
    settled(edited, qtbot)
    request = engine.edits[-1]
    assert request.edits == (RegionEdit(label=HAIR, style=RED, strength=0.5),) and request.view == 0
    assert np.array_equal(request.label_map.array(), document.label_map)


def test_a_preview_is_asked_for_at_a_smaller_size(core, edited):
    core.document.styling.set_styles({HAIR: RED})
    scene = core.document.scene
    exact, previews = scene.sizes(None)
    assert exact == SIZE and previews == []  # smaller than any screen
    request = scene.reduced(75, 100).to_request()
    assert request.view == 100 and request.label_map == scene.to_request().label_map
    assert scene.reduced(75, 100).label_map is scene.label_map


def test_the_label_map_of_a_file_is_brought_to_the_photo_s_size(edited, core):
    core.document.pixels.replace_label_map(face_label_map(64))
    assert core.document.label_map.shape == SIZE and core.document.photo is not None


# ---------------------------------------------------------------- comparing


def seen(canvas, x: int, y: int) -> tuple[int, int, int]:
    """The colour on the canvas at a pixel of the image, in the pane of its point."""
    at = canvas.view
    colour = canvas.grab().toImage().pixelColor(int(at.x + (x + 0.5) * at.scale), int(at.y + (y + 0.5) * at.scale))
    return colour.getRgb()[:3]


@pytest.fixture
def restyled(edited, core, qtbot):
    core.document.styling.set_styles({HAIR: RED})
    core.document.styling.set_strength(HAIR, 1.0)
    settled(edited, qtbot)
    edited.canvas.actual_size()
    edited.canvas.outline.hide()  # of the label that was chosen
    rows, columns = np.nonzero(core.document.label_map == HAIR)
    return edited, int(columns[0]), int(rows[0])


def test_a_held_key_shows_the_photo(restyled, core, photo, qtbot):
    window, x, y = restyled
    canvas, after, before = window.canvas, tuple(core.document.picture[y, x]), tuple(pixels_of(photo)[y, x])
    assert seen(canvas, x, y) == after != before
    qtbot.keyPress(canvas, Qt.Key.Key_Backslash)
    assert seen(canvas, x, y) == before
    qtbot.keyRelease(canvas, Qt.Key.Key_Backslash)
    assert seen(canvas, x, y) == after


def test_the_wipe_divides_the_photo_from_what_became_of_it(restyled, core, photo):
    window, x, y = restyled
    canvas, after, before = window.canvas, tuple(core.document.picture[y, x]), tuple(pixels_of(photo)[y, x])
    canvas.set_mode(Mode.WIPE)
    canvas.set_wipe(1)
    assert seen(canvas, x, y) == before
    canvas.set_wipe(0)
    assert seen(canvas, x, y) == after


def test_the_regions_can_be_laid_over_both_halves(restyled):
    window, _, _ = restyled
    window.canvas.set_mode(Mode.SIDE_BY_SIDE)
    assert window.options.overlay_slider.isEnabled()
    another_document(window.core)
    assert window.core.document.photo is None and not window.options.overlay_slider.isEnabled()


# ---------------------------------------------------------------- files


def saved(core, path) -> None:
    path.write_text(to_json(core.document.scene.to_request()), "utf-8")


@pytest.fixture
def request_file(edited, core, tmp_path, qtbot):
    document = core.document
    document.styling.set_styles({HAIR: RED})
    document.styling.set_strength(HAIR, 0.5)
    document.styling.set_edit_on(SKIN, False)
    document.styling.set_styles({SKIN: SampleStyle(3)})
    document.label_states.set_locked(SKIN, True)
    settled(edited, qtbot)
    path = tmp_path / "saved.json"
    saved(core, path)
    return path


def another_document(core) -> None:
    document = core.document
    document.new(label_set=document.label_set, label_map=face_label_map(64), weights="fake-faces")
    core.document.mark_saved()


def test_a_saved_file_gives_the_document_back(edited, core, request_file, qtbot):
    before, picture = core.document.scene, core.document.picture
    another_document(core)
    edited.controllers.files.open_path(request_file)
    qtbot.waitUntil(lambda: core.document.path == request_file)
    settled(edited, qtbot)
    assert core.document.scene.same_file(before) and core.document.scene.label_map == before.label_map
    assert np.array_equal(core.document.picture, picture) and not core.document.dirty


def test_a_request_without_a_label_map_gets_one(edited, core, request_file, qtbot):
    request = from_json(request_file.read_text("utf-8"))
    request_file.write_text(to_json(request.replace(label_map=None, view=64)), "utf-8")
    another_document(core)
    edited.controllers.files.open_path(request_file)
    qtbot.waitUntil(lambda: core.document.path == request_file)
    assert core.document.label_map.shape == SIZE and HAIR in core.document.label_map
    assert core.document.scene.to_request().view == 0


@pytest.fixture
def answers(edited, monkeypatch):
    """What the user is asked, and answers with yes; `file`: which one is then named."""

    class Answers:
        asked: list[str] = []
        file = None
        yes = True

    given = Answers()
    given.asked = []

    def ask(title: str, question: str, answer: str) -> bool:
        given.asked.append(question)
        return given.yes

    monkeypatch.setattr(edited.controllers.photos, "ask", ask)
    monkeypatch.setattr(edited.context.ask, "pick_open", lambda *of: "" if given.file is None else str(given.file))
    return given


def test_a_photo_that_went_away_is_found_again_in_silence_where_it_is_the_same(
    edited, core, request_file, photo, answers, qtbot
):
    before = core.document.scene
    another_document(core)
    answers.file = photo.with_name("moved.png")
    shutil.move(photo, answers.file)
    edited.controllers.files.open_path(request_file)
    qtbot.waitUntil(lambda: core.document.path == request_file)
    assert len(answers.asked) == 1 and photo.name in answers.asked[0]
    assert core.document.dirty  # its file does not know yet
    assert core.document.photo == PhotoReference.of(answers.file)
    assert core.document.scene.label_map == before.label_map and core.document.scene.styles == before.styles


def test_another_photo_is_taken_only_if_the_user_means_it(edited, core, request_file, photo, answers, tmp_path, qtbot):
    another_document(core)
    photo.unlink()
    answers.file = tmp_path / "other.png"
    Image.fromarray(photo_of(face_label_map(80))).save(answers.file)
    edited.controllers.files.open_path(request_file)
    qtbot.waitUntil(lambda: core.document.path == request_file)
    assert len(answers.asked) == 2 and "other.png" in answers.asked[1]
    assert core.document.label_map.shape == (80, 80) and core.document.dirty
    assert [row.label for row in core.document.styling.edits] == [SKIN, HAIR]


@pytest.mark.parametrize("looks", [False, True])
def test_a_photo_that_is_not_looked_for_leaves_the_document_as_it_is(
    edited, core, request_file, photo, answers, qtbot, monkeypatch, looks
):
    another_document(core)
    photo.unlink()
    said = []
    monkeypatch.setattr(edited.context.status, "show_message", said.append)
    before, answers.yes = core.document.scene, looks  # and names no file then
    edited.controllers.files.open_path(request_file)
    qtbot.waitUntil(lambda: bool(answers.asked))
    assert core.document.scene == before
    assert said[-1] == f"{request_file.name} was not opened: its photo is missing"


def test_the_photo_of_the_present_document_is_found_again(edited, core, photo, answers, qtbot):
    core.document.styling.set_styles({HAIR: RED})
    answers.file = photo.with_name("moved.png")
    shutil.move(photo, answers.file)
    edited.controllers.photos.find_photo()
    qtbot.waitUntil(lambda: core.document.photo.name == "moved.png")
    assert answers.asked == [] and core.document.undo_text == "Find photo"
    settled(edited, qtbot)


# ---------------------------------------------------------------- saving and exporting


@pytest.fixture
def answer(edited, monkeypatch):
    """Names the file that is written, and the filter that was chosen."""

    def give(path, used_filter: str = "") -> None:
        monkeypatch.setattr(edited.context.ask, "pick_save", lambda *_: (str(path), used_filter))

    return give


def written(window, path, qtbot) -> None:
    qtbot.waitUntil(lambda: path.is_file() and not window.core.foreground_busy)


INSIDE = {
    ".json": "Edits, with the photo inside (*.json)",
    ".png": "PNG that restores everything, with the photo inside (*.png)",
}


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("ending", [".json", ".png"])
def test_a_saved_document_holds_the_photo_by_name_or_as_a_whole(edited, core, photo, answer, qtbot, ending, inside):
    """Beside its photo it names it alone, so that both can be moved to another folder."""
    core.document.styling.set_styles({HAIR: RED})
    settled(edited, qtbot)
    path, before = photo.with_name(f"saved{ending}"), core.document.scene
    answer(path, INSIDE[ending] if inside else "")
    edited.controllers.exports.save()
    written(edited, path, qtbot)
    assert not core.document.dirty and core.document.path == path
    another_document(core)
    moved = photo.parent.with_name("moved")
    shutil.move(photo.parent, moved)
    if inside:
        (moved / photo.name).unlink()
    edited.controllers.files.open_path(moved / path.name)
    qtbot.waitUntil(lambda: core.document.path == moved / path.name)
    settled(edited, qtbot)
    assert (core.document.photo.data is not None) is inside and core.document.photo.sha256 == before.photo.sha256
    assert core.document.scene.styles == before.styles and core.document.scene.label_map == before.label_map


@pytest.mark.parametrize("restyled", [False, True])
def test_save_and_export_write_the_same_photo(window, core, tmp_path, qtbot, monkeypatch, restyled):
    """Saved, it was a picture of 8 bits in other colours, without what the photo's file had said of it."""
    path, exif = tmp_path / "deep.png", Image.Exif()
    exif[0x010F] = "Camera"
    deep = photo_of(face_label_map(64)).astype(np.uint16) * 257 - 77
    path.write_bytes(deep_png(deep, exif.tobytes(), wide_profile(), (300, 300), None))
    core.document.mark_saved()
    window.controllers.photos.edit(path)
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    if restyled:
        core.document.styling.set_styles({HAIR: RED})
    settled(window, qtbot)
    saved, exported = tmp_path / "saved.png", tmp_path / "exported.png"
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(saved), ""))
    window.controllers.exports.save()
    written(window, saved, qtbot)
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(exported), ""))
    export(window, lambda _: None, exported, qtbot)
    assert saved.read_bytes() == exported.read_bytes()
    photo = read_photo(saved)
    assert photo.samples.dtype == np.uint16 and photo.icc_profile == wide_profile() and b"Camera" in photo.exif
    elsewhere = core.document.label_map != HAIR if restyled else slice(None)
    assert np.array_equal(photo.samples[elsewhere], deep[elsewhere])


def test_a_document_with_its_photo_inside_has_all_of_it_inside(edited, core, photo, answer, qtbot):
    """Saved again from there, where no file of the photo is needed any more, too."""
    first, second = photo.with_name("first.png"), photo.with_name("second.png")
    bytes_of_photo = photo.read_bytes()
    answer(first, INSIDE[".png"])
    edited.controllers.exports.save()
    written(edited, first, qtbot)
    photo.unlink()
    edited.controllers.files.open_path(first)
    qtbot.waitUntil(lambda: core.document.photo.data == bytes_of_photo)
    settled(edited, qtbot)
    answer(second)
    edited.controllers.exports.save_as()
    written(edited, second, qtbot)
    assert from_json(read_embedded_request(second)).photo.data == bytes_of_photo


def export(window, answer, path, qtbot, **choices) -> None:
    answer(path)
    window.controllers.exports.export_picture()
    asked = next(w for w in QApplication.topLevelWidgets() if isinstance(w, ExportPhotoDialog) and w.isVisible())
    assert not asked.keep_place.isChecked() and asked.own_quality.isChecked()
    for name, value in choices.items():
        getattr(asked, name).setChecked(value)
    asked.accept()
    written(window, path, qtbot)


def test_an_exported_photo_has_its_size_and_every_untouched_sample(edited, core, photo, answer, tmp_path, qtbot):
    core.document.styling.set_styles({HAIR: RED})
    settled(edited, qtbot)
    export(edited, answer, tmp_path / "out.png", qtbot)
    after, before, hair = pixels_of(tmp_path / "out.png"), pixels_of(photo), core.document.label_map == HAIR
    assert np.array_equal(after[~hair], before[~hair]) and (after[hair] != before[hair]).any(-1).all()


@pytest.mark.parametrize("gone", [False, True])
def test_an_exported_png_is_dropped_back_to_go_on(edited, core, photo, answer, answers, tmp_path, qtbot, gone):
    core.document.styling.set_styles({HAIR: RED})
    settled(edited, qtbot)
    before, out = core.document.scene, photo.with_name("out.png")
    export(edited, answer, out, qtbot)
    another_document(core)
    if gone:
        answers.file = tmp_path / "found.png"
        shutil.move(photo, answers.file)
    edited.controllers.files.open_path(out)
    qtbot.waitUntil(lambda: core.document.path == out)
    settled(edited, qtbot)
    assert len(answers.asked) == gone and core.document.photo.sha256 == before.photo.sha256
    assert core.document.scene.styles == before.styles and core.document.scene.label_map == before.label_map


def test_before_and_after_stand_side_by_side(edited, core, photo, answer, tmp_path, qtbot):
    core.document.styling.set_styles({HAIR: RED})
    settled(edited, qtbot)
    export(edited, answer, tmp_path / "out.png", qtbot, with_before=True)
    both = pixels_of(tmp_path / "out.png")
    assert both.shape == (SIZE[0], 2 * SIZE[1], 3)
    assert np.array_equal(both[:, : SIZE[1]], pixels_of(photo))
    assert np.array_equal(both[:, SIZE[1] :], core.document.picture)
    assert read_embedded_request(tmp_path / "out.png") is None  # opened again it would be another picture


def test_the_photo_s_own_name_and_format_are_proposed(edited, core, photo, qtbot, monkeypatch):
    proposed = []
    monkeypatch.setattr(edited.context.ask, "pick_save", lambda *of: (proposed.append(of[1:]), ("", ""))[1])
    edited.controllers.exports.export_picture()
    assert proposed[0][0].endswith("portrait-edited.png") and proposed[0][1].startswith("PNG")


def test_saving_proposes_a_document_and_exporting_a_picture_in_the_photo_s_folder(edited, photo, monkeypatch):
    proposed = []
    monkeypatch.setattr(edited.context.ask, "pick_save", lambda *of: (proposed.append(of[1:]), ("", ""))[1])
    edited.controllers.exports.save()
    edited.controllers.exports.export_picture()
    (saved_as, filters), (exported_as, _) = proposed
    assert Path(saved_as) == photo.with_name("portrait-edited.tessera")
    assert Path(exported_as) == photo.with_name("portrait-edited.png")
    first, second, third, fourth, *_ = filters.split(";;")
    assert first.startswith("Tessera document") and second.startswith("Tessera document, with the photo inside")
    assert third.startswith("PNG that restores everything") and fourth.startswith("Edits of this photo")
    edited.core.settings.remember_folder("export", photo.parent.parent / "any.png")
    edited.controllers.exports.save()
    assert Path(proposed[-1][0]).parent == photo.parent.parent  # the folder that was chosen last


@pytest.mark.parametrize("exists", [True, False])
def test_a_save_that_is_cancelled_leaves_the_old_file_and_says_so_before(
    edited, core, answer, tmp_path, qtbot, monkeypatch, exists
):
    started, path = threading.Event(), tmp_path / "saved.png"
    if exists:
        path.write_bytes(b"the old file")

    def until_cancelled(work):
        started.set()
        assert work.cancel_event.wait(10)
        work.check()

    told = []
    core.work_lane.progress.connect(lambda fraction, activity: told.append(activity))
    core.document.styling.set_styles({HAIR: RED})
    settled(edited, qtbot)
    monkeypatch.setattr(Work, "commit", until_cancelled)
    answer(path)
    edited.actions_by_id["save"].trigger()
    qtbot.waitUntil(lambda: started.is_set() and bool(told))
    assert set(told) == {"Saving saved.png; Cancel " + ("keeps the old file" if exists else "writes no file")}
    edited.status.cancel.click()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("saved")] == ["saved.png"] * exists
    assert not exists or path.read_bytes() == b"the old file"
    assert core.document.dirty and core.document.path is None


def test_saving_never_overwrites_the_photo(edited, core, photo, answer, qtbot):
    told, before = [], photo.read_bytes()
    core.hub.reported.connect(told.append)
    answer(photo)
    edited.controllers.exports.save()
    assert photo.name in told[0].sentence and photo.read_bytes() == before and not core.foreground_busy


def test_the_brush_of_a_photo_suits_the_view_and_that_of_paintings_stays(edited, core):
    canvas = edited.canvas
    assert abs(canvas.brush_diameter * canvas.view.scale - 24) <= canvas.view.scale
    canvas.set_brush_diameter(77)
    assert core.settings.brush == 16
    another_document(core)
    assert canvas.brush_diameter == 16


def test_the_title_names_the_photo(edited, core, photo, answer, qtbot):
    assert edited.windowTitle() == "portrait.png - edits[*] - Tessera" and not edited.isWindowModified()
    core.document.styling.set_styles({HAIR: RED})
    assert edited.isWindowModified()
    settled(edited, qtbot)
    answer(photo.with_name("saved.png"))
    edited.controllers.exports.save()
    written(edited, photo.with_name("saved.png"), qtbot)
    assert edited.windowTitle() == "saved.png[*] - Tessera" and not edited.isWindowModified()


def test_the_photo_is_never_overwritten_by_what_became_of_it(edited, core, photo, answer, qtbot):
    told, before = [], photo.read_bytes()
    core.hub.reported.connect(told.append)
    answer(photo)
    edited.controllers.exports.export_picture()
    assert photo.name in told[0].sentence and photo.read_bytes() == before


def test_a_jpeg_can_be_made_smaller(edited, core, answer, tmp_path, qtbot):
    export(edited, answer, tmp_path / "own.jpg", qtbot)
    answer(tmp_path / "small.jpg")
    document = core.document
    small = PhotoExport(quality=20)
    edited.controllers.exports._write_photo(tmp_path / "small.jpg", document.scene, document.origin, small)
    written(edited, tmp_path / "small.jpg", qtbot)
    assert (tmp_path / "small.jpg").stat().st_size < (tmp_path / "own.jpg").stat().st_size


def test_what_is_made_for_paintings_says_so(edited, core):
    told = []
    core.hub.reported.connect(told.append)
    core.document.set_current_label(HAIR)
    assert edited.controllers.variety.morph() is None
    assert len(told) == 1 and "strength" in told[0].sentence


# ---------------------------------------------------------------- the sample


def test_the_first_document_is_a_photograph_with_other_hair():
    """Its photo lies beside it and is the one that was meant; its regions are of the photo's size."""
    request = read_request_file(sample_path()).request
    original = read_original(request.photo)
    assert Path(request.photo.path).parent == sample_path().parent
    label_map = request.label_map.array()
    assert label_map.shape == original.pixels.shape[:2] and {SKIN, HAIR} <= set(np.unique(label_map))
    assert [row.label for row in request.edits] == [HAIR] and Path(request.edits[0].style.path).is_file()


def test_a_stored_picture_is_seen_until_the_engine_has_made_it_again(core, engine, qtbot, tmp_path):
    label_map, path = face_label_map(64), tmp_path / "photo.png"
    Image.fromarray(photo_of(label_map)).save(path)
    stored = np.full((64, 64, 3), 77, np.uint8)
    core.document.new(
        label_set=core.document.label_set,
        label_map=label_map,
        weights="fake-faces",
        kind=EDIT,
        photo=PhotoReference.of(path),
        styles={HAIR: RED},
        picture=stored,
        undoable=False,
    )
    window = MainWindow(core)
    qtbot.addWidget(window, before_close_func=lambda _: core.document.mark_saved())
    engine.gate = threading.Event()
    window.controllers.render.start()
    assert core.render_lane.busy and window.controllers.render.up_to_date
    assert np.array_equal(core.document.picture, stored)
    engine.gate.set()
    qtbot.waitUntil(lambda: not core.render_lane.busy)
    assert [request.view for request in engine.edits] == [0]  # no preview comes in between
    assert not np.array_equal(core.document.picture, stored)
    window.controllers.render.stop()


def test_the_second_sample_photo_takes_the_edits_of_the_first(edited, core, qtbot):
    core.document.styling.set_styles({HAIR: RED})
    edited.actions_by_id["edits_copy"].trigger()
    core.document.mark_saved()
    edited.actions_by_id["sample_second"].trigger()
    qtbot.waitUntil(lambda: core.document.photo.name == "grace_hopper.jpg" and core.document.label_map.any())
    edited.actions_by_id["edits_paste"].trigger()
    assert core.document.style(HAIR) == RED and core.document.picture.shape == (600, 512, 3)
