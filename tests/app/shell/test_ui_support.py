"""What stands behind the window: settings, catalogue, photos, documents, pictures of regions, mime data."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from app.catalogue import Catalogue
from app.document.opening import Painting, look_at, photo_document, sides_for
from app.imaging.mime import keep_image, may_be_useful, read_mime, style_mime
from app.imaging.pixels import region_box, region_crop, to_qimage
from app.jobs.photos import Photo
from app.shell.settings import Settings
from engine.errors import BadFile, EngineError, WeightsError
from engine.labels.label_sets import load_label_set
from engine.painting.sizes import painted_size
from engine.pictures.closeup import focus, reduced
from engine.requests.render import RenderRequest
from engine.requests.styles import BlockStyle, ImageStyle, MixStyle, located
from engine.systems.base import Abilities
from engine.weights.card import Card
from engine.weights.store import WeightsEntry
from tests.app.fakes import FACES, cards
from tests.app.pictures import to_array
from tests.fixtures import face_label_map, photo_of


class Work:
    """A job that nobody watches."""

    def progress(self, part, text=""):
        pass

    def check(self):
        pass


# --- settings ----------------------------------------------------------------------------------------


def test_settings_are_kept(qapp, tmp_path):
    made = Settings(tmp_path / "a.ini")
    made.theme, made.overlay, made.language, made.device = "dark", 30, "zh_CN", "cuda:0"
    made.sync()
    again = Settings(tmp_path / "a.ini")
    assert (again.theme, again.overlay, again.language, again.device) == ("dark", 30, "zh_CN", "cuda:0")


def test_settings_that_do_not_read_become_defaults(qapp, tmp_path):
    path = tmp_path / "a.ini"
    path.write_text("[looks]\ntheme=pink\n[view]\noverlay=lots\nmode=7\n[tools]\nbrush=99999\n", "utf-8")
    made = Settings(path)
    assert (made.theme, made.overlay, made.view, made.brush) == ("system", 0, "stack", 1024)


def test_recent_files_are_ten_and_newest_first(qapp, tmp_path):
    made = Settings(tmp_path / "a.ini")
    for n in range(14):
        made.add_recent(tmp_path / f"{n}.png")
    made.add_recent(tmp_path / "9.png")
    names = [path.name for path in made.recent()]
    assert names[:3] == ["9.png", "13.png", "12.png"] and len(names) == 10


def test_a_folder_that_is_gone_is_not_proposed(qapp, tmp_path):
    made = Settings(tmp_path / "a.ini")
    folder = tmp_path / "f"
    folder.mkdir()
    made.remember_folder("open", folder / "x.png")
    assert made.folder("open") == str(folder)
    folder.rmdir()
    assert made.folder("open") == ""
    made.remember_folder("open", tmp_path / ("x" * 300) / "x.png")  # from a disk with longer names
    assert made.folder("open") == ""


# --- catalogue ---------------------------------------------------------------------------------------


def test_the_catalogue_knows_painters_and_their_parser(qapp):
    catalogue = Catalogue(cards)
    assert [name for name, _ in catalogue.serving(RenderRequest)] == [
        "fake-faces",
        "fake-other",
        "fake-plain",
        "fake-streets",
        "fake-whole",
    ]
    assert catalogue.parser_for(FACES) == "fake-parser"
    assert catalogue.abilities("fake-faces").resolution == 64
    assert catalogue.unlearnt("fake-faces") == {FACES.find("necklace")}


def test_labels_not_learnt_are_those_of_the_training_split(qapp):
    shares = {name: {"label_shares": {"hat": hat, "hair": 0.3}} for name, hat in (("val", 0.1), ("train", 0.0))}
    by_split = [("both", {**shares, "at_training": {"psnr": 16.0}}), ("val", {"val": shares["val"]}), ("none", {})]
    entries = [
        WeightsEntry(name, Path(name), Card(name=name, system="sean", label_set=FACES.to_dict(), metrics=metrics))
        for name, metrics in by_split
    ]
    catalogue = Catalogue(lambda: entries)
    assert [catalogue.unlearnt(name) for name, _ in by_split] == [{FACES.find("hat")}, set(), set()]


def test_broken_weights_say_why(qapp):
    broken = WeightsEntry("bad", Path("bad"), None, '"bad" is damaged; get the weights again.')
    catalogue = Catalogue(lambda: [broken])
    assert catalogue.serving(RenderRequest) == [] and catalogue.default_painter() == ""
    with pytest.raises(WeightsError, match="damaged"):
        catalogue.label_set("bad")


def test_a_folder_of_weights_from_anywhere_can_be_opened(qapp, tiny_weights):
    catalogue = Catalogue(list)
    name = catalogue.open_folder(next((tiny_weights / "tiny-sean").glob("model-*")), [RenderRequest])
    assert [found for found, _ in catalogue.serving(RenderRequest)] == [name]
    assert catalogue.label_set(name).same_labels(FACES)
    with pytest.raises(WeightsError, match="no document of the editor uses"):
        catalogue.open_folder(tiny_weights / "tiny-parser", [RenderRequest])


# --- photos ------------------------------------------------------------------------------------------


@given(st.integers(40, 300), st.integers(40, 300), st.data())
@settings(max_examples=40, deadline=None)
def test_the_focus_is_a_square_inside_that_holds_a_small_region(height, width, data):
    label_map = np.zeros((height, width), np.uint8)
    side = min(height, width) // 3
    top = data.draw(st.integers(0, height - side))
    left = data.draw(st.integers(0, width - side))
    label_map[top : top + side, left : left + side] = 1
    rows, columns = focus(label_map)
    cut = label_map[rows, columns]
    assert cut.shape[0] == cut.shape[1]
    if side >= 32:
        assert (cut == 1).sum() == side * side


def test_without_small_regions_the_focus_is_the_middle():
    rows, columns = focus(np.zeros((40, 60), np.uint8))
    assert (rows, columns) == (slice(0, 40), slice(10, 50))


def test_large_photos_are_reduced_by_their_longer_side():
    assert reduced(np.zeros((300, 150, 3), np.uint8), 100).shape == (100, 50, 3)
    assert reduced(np.zeros((30, 15, 3), np.uint8), 100).shape == (30, 15, 3)


# --- documents ---------------------------------------------------------------------------------------


def test_documents_take_the_size_that_the_weights_paint():
    weights = Abilities(stride=32, resolution=256)
    assert sides_for(256, 256, weights) == (256, 256)
    assert sides_for(1000, 500, weights) == (256, 128)
    assert sides_for(30, 2000, replace(weights, resolution=128)) == (32, 128)
    assert sides_for(1000, 700, Abilities()) == (256, 192)  # weights that are not there


@given(
    st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([16, 32, 64, 128]), st.sampled_from([128, 256, 512])
)
def test_documents_are_painted_exactly_as_they_are_drawn(height, width, stride, resolution):
    drawn = sides_for(height, width, Abilities(stride=stride, resolution=resolution))
    assert painted_size(*drawn, stride, resolution) == drawn and max(drawn) == resolution


def test_a_photo_becomes_a_document_that_weights_of_any_stride_paint_as_it_is():
    pixels, label_map = photo_of(face_label_map(256)), face_label_map(256)
    photo = Photo(Path("anna.png"), pixels, label_map, 1.0)
    for stride in (32, 64, 128):
        weights = Abilities(stride=stride, resolution=256)
        faces = Painting(FACES, "w", weights)
        assert photo_document(photo, faces.proposed(photo.label_map))[1].shape == (256, 256)
        photo = replace(photo, pixels=pixels[:200], label_map=label_map[:200])
        fronts = Painting(load_label_set("facades"), "w", weights)
        street = photo_document(photo, fronts.proposed(photo.label_map))
        assert painted_size(*street[1].shape, stride, 256) == street[1].shape == street[0].shape[:2]


def test_relative_paths_are_found_beside_the_request(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    a, gone = ImageStyle(path="a.png", label=1), ImageStyle(path="gone.png", label=1)
    assert located(a, tmp_path).path == str(tmp_path / "a.png")
    assert located(gone, tmp_path).path == str(tmp_path / "gone.png")  # never one of that name elsewhere
    mix = MixStyle(a=a, b=gone, amount=0.5)
    assert located(BlockStyle(blocks=(mix, a)), tmp_path).blocks[0].a.path == str(tmp_path / "a.png")


def test_a_text_file_is_no_document(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("hello", "utf-8")
    with pytest.raises(EngineError, match="a.png"):
        look_at(Work(), path)


# --- pictures ----------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 40))
def test_pictures_survive_the_way_through_qt(height, width):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(to_array(to_qimage(pixels)), pixels)


def test_a_region_is_cropped_with_its_surroundings_dimmed():
    label_map = face_label_map(128)
    pixels = photo_of(label_map)
    crop = region_crop(pixels, label_map, 2)
    assert crop.shape[0] == crop.shape[1] < 64
    x0, y0, x1, y1 = region_box(label_map == 2)
    inside = label_map[y0:y1, x0:x1] == 2
    assert np.array_equal(crop[inside], pixels[y0:y1, x0:x1][inside])
    assert region_crop(pixels, label_map, 14) is None
    assert region_crop(pixels, face_label_map(32), 2) is not None  # a smaller map is stretched


# --- mime --------------------------------------------------------------------------------------------


def test_files_come_before_pictures(qapp, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png"))])
    mime.setImageData(to_qimage(np.zeros((4, 4, 3), np.uint8)))
    assert read_mime(mime).files == (tmp_path / "a.png",)


def test_links_and_plain_text_are_nothing(qapp):
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/a.png")])
    assert read_mime(mime).empty and not may_be_useful(mime)
    words = QMimeData()
    words.setText("hello")
    assert read_mime(words).empty
    assert read_mime(None).empty


def test_a_dragged_style_names_its_label(qapp):
    assert read_mime(style_mime(13)).style_of == 13


def test_the_same_pasted_picture_is_the_same_file(qapp):
    image = to_qimage(photo_of(face_label_map(16)))
    first, second = keep_image(image), keep_image(image)
    assert first == second
    assert np.array_equal(to_array(QImage(str(first))), to_array(image))


def test_a_pasted_picture_that_was_cut_off_is_written_again(qapp):
    image = to_qimage(photo_of(face_label_map(16)))
    kept = keep_image(image)
    whole_file = kept.read_bytes()
    kept.write_bytes(whole_file[: len(whole_file) // 2])
    assert keep_image(image) == kept
    assert kept.read_bytes() == whole_file


def test_a_pasted_picture_that_cannot_be_written_leaves_the_file_as_it_was(qapp, monkeypatch):
    image = to_qimage(photo_of(face_label_map(16)))
    kept = keep_image(image)
    kept.write_bytes(b"cut off")

    def full_disk(*_):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(BadFile, match="the disk is full"):
        keep_image(image)
    assert [path.read_bytes() for path in kept.parent.iterdir()] == [b"cut off"]


# --- preloading ----------------------------------------------------------------------------------------

WARM = """
import sys
from app.jobs.preload import preload_torch
from app.jobs.session_gate import session_factory
loaded = preload_torch()
assert "torch" not in sys.modules
session = session_factory("cpu")()
print("loaded", loaded, session.device)
"""


def test_torch_works_after_its_libraries_were_loaded_first(tiny_weights):
    """In a process of its own: torch may be loaded here already."""
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    assert "cpu" in done.stdout
