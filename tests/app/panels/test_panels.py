"""Labels and styles panels on a document, without a main window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl

from app.document.style_scope import StyleScope
from app.imaging.thumbnails import Thumbnails
from app.jobs.work_lane import WorkLane
from app.panels.label_rows import parts
from app.panels.labels import LabelsPanel
from app.panels.options import size_of_step, step_of_size
from app.panels.rows import LABEL_ROLE, ROW_ROLE
from app.panels.seed_field import SeedField
from app.panels.styles.panel import StylesPanel
from app.panels.styles.slots import MEAN, MIX, A, B, Slots, join, split, with_block, with_slot
from app.shell.i18n import install_language
from app.texts.label_keys import label_keys
from app.texts.label_names import area_text, style_source
from engine.labels.label_sets import load_label_set
from engine.requests.label_map_data import encode_map
from engine.requests.styles import BlockStyle, ImageStyle, MeanStyle, MixStyle
from engine.systems.base import Abilities
from tests.app.fakes import FACES
from tests.app.pointing import Drag
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN, NOSE, HAT = 13, 1, 2, 14


@pytest.fixture
def document(qapp):
    from app.document.document import Document

    made = Document(FACES)
    made.new(label_set=FACES, label_map=face_label_map(64), undoable=False)
    made.set_current_label(HAIR)
    return made


@pytest.fixture
def labels(qtbot, document):
    panel = LabelsPanel(document)
    qtbot.addWidget(panel)
    panel.resize(320, 500)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


@pytest.fixture
def styles(qtbot, document, tmp_path):
    lane = WorkLane()
    can_all = Abilities(images=True, samples=True, blocks=6)
    scope = StyleScope(document, lambda weights: can_all, tell=pytest.fail)
    panel = StylesPanel(document, Thumbnails(lane, tmp_path / "thumbnails"), scope)
    qtbot.addWidget(panel)
    panel.resize(320, 620)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    lane.shutdown()


def image_style(label: int = HAIR, name: str = "anna.png") -> ImageStyle:
    return ImageStyle(path=f"/nowhere/{name}", label=label, label_map_png=encode_map(face_label_map(64)))


def row(panel: LabelsPanel, label: int):
    return panel.model.index_of(label).data(ROW_ROLE)


# --- labels ------------------------------------------------------------------------------------------


def test_labels_on_keys_come_first_and_then_those_of_the_map(labels, document):
    order = [labels.model.index(i, 0).data(LABEL_ROLE) for i in range(labels.model.rowCount())]
    assert [row(labels, label).key for label in order[:10]] == [*"123456789", ""]
    areas = [int(document.areas[label]) for label in order[9:]]
    assert areas == sorted(areas, reverse=True)
    assert labels.model.label_for_key(1) == order[0] == HAIR


def test_keys_are_the_same_for_every_document_of_a_label_set(labels, document):
    before = [labels.model.label_for_key(key) for key in range(1, 10)]
    document.new(label_set=FACES, label_map=np.full((64, 64), HAT, np.uint8))
    assert [labels.model.label_for_key(key) for key in range(1, 10)] == before


@pytest.mark.parametrize("name", ["faces", "street", "facades", "cityscapes", "ade20k", "coco_stuff"])
def test_every_label_set_has_nine_keys_and_none_for_nothing(name):
    label_set = load_label_set(name)
    keys = label_keys(label_set)
    assert len(set(keys)) == min(9, len(keys)) == 9
    assert label_set.ignore not in keys
    assert not {"background", "unlabelled", "unlabeled"} & {label_set[key].name for key in keys}


def test_keys_stay_while_painting(labels, document, qtbot):
    before = labels.model.label_for_key(3)
    document.pixels.begin_stroke(HAT)
    document.pixels.stroke_to([(10, 10), (50, 50)], 20)
    document.pixels.end_stroke()
    qtbot.waitUntil(lambda: row(labels, HAT).area != "")
    assert labels.model.label_for_key(3) == before


def test_search_finds_english_chinese_and_numbers(labels):
    def found(text):
        labels.search.setText(text)
        return {labels.model.index(i, 0).data(LABEL_ROLE) for i in range(labels.model.rowCount())}

    assert found("hair") == {HAIR}
    assert found("头发") == {HAIR}
    assert found("13") == {HAIR}
    assert len(found("eye")) >= 4
    assert found("") == set(range(len(FACES)))


def test_a_search_with_one_answer_chooses_it(labels, document):
    labels.search.setText("nose")
    assert document.current_label == NOSE


def test_choosing_a_row_chooses_the_label(labels, document, qtbot):
    index = labels.model.index_of(SKIN)
    point = labels.list.visualRect(index).topLeft() + QPoint(80, 8)
    qtbot.mouseClick(labels.list.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert document.current_label == SKIN
    document.set_current_label(NOSE)
    assert labels.list.currentIndex().data(LABEL_ROLE) == NOSE


def test_eye_and_lock_act_without_choosing(labels, document, qtbot):
    rect = labels.list.visualRect(labels.model.index_of(SKIN))
    where = parts(rect)
    viewport = labels.list.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=where["eye"].center())
    assert document.hidden == {SKIN}
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=where["lock"].center())
    assert document.locked == {SKIN}
    assert document.current_label == HAIR
    assert row(labels, SKIN).hidden and row(labels, SKIN).locked


def test_alt_click_on_an_eye_shows_only_that_label(labels, document, qtbot):
    where = parts(labels.list.visualRect(labels.model.index_of(SKIN)))
    keys = Qt.KeyboardModifier.AltModifier
    qtbot.mouseClick(labels.list.viewport(), Qt.MouseButton.LeftButton, keys, where["eye"].center())
    assert document.hidden == frozenset(range(len(FACES))) - {SKIN}


def test_a_label_that_was_not_learnt_gets_a_hint(labels, document):
    labels.model.set_unlearnt(frozenset({HAT}))
    document.set_current_label(HAT)
    assert "not learnt" in row(labels, HAT).hint
    assert not row(labels, HAIR).hint
    assert labels.findChild(type(labels._hint), "labelHint").isVisible()


def test_a_region_too_small_to_show_gets_a_hint(labels, document):
    big = np.zeros((256, 256), np.uint8)
    big[:100] = HAIR
    big[200, 200] = NOSE
    document.new(label_set=FACES, label_map=big)
    assert "too small" in row(labels, NOSE).hint
    assert not row(labels, HAIR).hint
    assert not row(labels, HAT).hint  # absent, not small


def test_rows_say_everything_to_a_screen_reader(labels, document):
    document.label_states.set_locked(HAIR, True)
    text = labels.model.index_of(HAIR).data(Qt.ItemDataRole.AccessibleTextRole)
    assert text.startswith("Hair, ") and "%" in text and "locked" in text


def test_a_file_dropped_on_a_row_is_told_with_its_label(labels, qtbot, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "某 photo.jpg"))])
    point = labels.list.visualRect(labels.model.index_of(SKIN)).center()
    drag = Drag(labels.list.viewport(), mime)
    with qtbot.waitSignal(labels.incoming) as told:
        drag.enter((point.x(), point.y()))
        drag.move((point.x(), point.y()))
        drag.drop((point.x(), point.y()))
    label, incoming = told.args
    assert label == SKIN
    assert incoming.files[0].name == "某 photo.jpg"


def test_areas_are_short():
    assert area_text(0.0) == ""
    assert area_text(0.0004) == "< 0.1 %"
    assert area_text(0.131) == "13.1 %"


# --- slots -------------------------------------------------------------------------------------------

images = st.integers(0, 3).map(lambda n: ImageStyle(path=f"{n}.png", label=n))
plain = st.one_of(st.just(MeanStyle()), images)
mixes = st.builds(MixStyle, a=plain, b=images, amount=st.integers(0, 100).map(lambda n: n / 100))
blocks = st.lists(st.one_of(plain, mixes), min_size=6, max_size=6).map(lambda x: BlockStyle(blocks=tuple(x)))


@given(st.one_of(plain, mixes))
def test_slots_give_back_simple_styles(style):
    assert join(split(style)) == style


@given(blocks)
def test_slots_give_back_what_blocks_mean(style):
    back = join(split(style))
    parts = back.blocks if isinstance(back, BlockStyle) else (back,) * 6
    for was, now in zip(style.blocks, parts):
        if isinstance(now, MixStyle) and now.amount in (0.0, 1.0) and not isinstance(was, MixStyle):
            now = now.b if now.amount else now.a
        assert now == was


def test_a_second_style_begins_half_and_half():
    slots = with_slot(split(image_style()), B, image_style(SKIN))
    assert join(slots) == MixStyle(a=image_style(), b=image_style(SKIN), amount=0.5)
    assert join(with_slot(slots, B, None)) == image_style()
    assert with_slot(Slots(image_style(), image_style(SKIN), 0.2), A, None).amount == 0.2


def test_one_block_apart_makes_a_block_style():
    slots = Slots(image_style(), image_style(SKIN), 0.5)
    style = join(with_block(slots, 2, B, count=6))
    mix = MixStyle(a=image_style(), b=image_style(SKIN), amount=0.5)
    assert style == BlockStyle(blocks=(mix, mix, image_style(SKIN), mix, mix, mix))
    assert split(style).blocks == (MIX, MIX, B, MIX, MIX, MIX)
    assert join(with_block(split(style), 2, MIX, count=6)) == mix
    assert join(with_block(Slots(image_style()), 0, MEAN, count=6)).blocks[0] == MeanStyle()


# --- styles ------------------------------------------------------------------------------------------


def test_labels_in_the_map_are_listed_with_their_source(styles, document):
    listed = {styles.model.index(i, 0).data(LABEL_ROLE) for i in range(styles.model.rowCount())}
    assert listed == {int(label) for label in np.unique(document.label_map)}
    document.styling.set_styles({HAT: image_style(HAT)})
    assert styles.model.index_of(HAT).isValid()
    assert styles.model.row(HAT).source == "anna.png"
    assert styles.model.row(HAIR).source == "Mean style"


def test_sources_are_told_in_one_line():
    mix = MixStyle(a=image_style(), b=image_style(name="b.png"), amount=0.25)
    assert style_source(image_style(SKIN), HAIR, FACES) == "anna.png, Skin"
    assert style_source(mix, HAIR, FACES) == "75 % anna.png, 25 % b.png"
    assert style_source(BlockStyle(blocks=(mix, image_style())), HAIR, FACES) == "2 styles over the blocks"


def test_dragging_the_mix_slider_is_one_step(styles, document, qtbot):
    document.styling.set_styles({HAIR: MixStyle(a=image_style(), b=image_style(name="b.png"), amount=0.5)})
    slider = styles.card.slider
    assert slider.value() == 50
    slider.setSliderDown(True)
    for value in (55, 60, 72):
        slider.setValue(value)
    slider.setSliderDown(False)
    assert document.style(HAIR).amount == 0.72
    document.undo()
    assert document.style(HAIR).amount == 0.5
    assert slider.value() == 50


def test_the_slider_waits_for_a_second_style(styles, document):
    document.styling.set_styles({HAIR: image_style()})
    assert not styles.card.slider.isEnabled()
    assert not styles.card.button_clear_b.isVisible()


def test_reset_gives_the_mean_and_undo_gives_it_back(styles, document, qtbot):
    document.styling.set_styles({HAIR: image_style()})
    qtbot.mouseClick(styles.card.button_reset, Qt.MouseButton.LeftButton)
    assert document.style(HAIR) == MeanStyle()
    assert not styles.card.button_reset.isEnabled()
    document.undo()
    assert document.style(HAIR) == image_style()


def test_removing_the_second_style_keeps_the_first(styles, document, qtbot):
    document.styling.set_styles({HAIR: MixStyle(a=image_style(), b=image_style(name="b.png"), amount=0.5)})
    qtbot.mouseClick(styles.card.button_clear_b, Qt.MouseButton.LeftButton)
    assert document.style(HAIR) == image_style()


def test_a_block_can_take_the_second_style(styles, document, qtbot):
    a, b = image_style(), image_style(name="b.png")
    document.styling.set_styles({HAIR: MixStyle(a=a, b=b, amount=0.0)})
    styles.card.fold.button.click()
    combo = styles.card.fold.combos[5]
    combo.setCurrentIndex(combo.findData(B))
    combo.activated.emit(combo.currentIndex())
    style = document.style(HAIR)
    assert isinstance(style, BlockStyle)
    assert style.blocks[5] == b
    assert style.blocks[0] == MixStyle(a=a, b=b, amount=0.0)


def test_without_a_second_style_blocks_offer_first_and_mean(styles, document):
    document.styling.set_styles({HAIR: image_style()})
    combo = styles.card.fold.combos[0]
    usable = [combo.itemData(i) for i in range(combo.count()) if combo.model().item(i).isEnabled()]
    assert usable == [A, MEAN]


def test_thumbnails_show_the_region_and_are_kept_on_disk(styles, document, qtbot, tmp_path):
    from PIL import Image

    file = tmp_path / "写真.png"
    Image.fromarray(photo_of(face_label_map(64))).save(file)
    style = ImageStyle(path=str(file), label=HAIR, label_map_png=encode_map(face_label_map(64)))
    document.styling.set_styles({HAIR: style})
    qtbot.waitUntil(lambda: styles.card.thumb_a.has_picture)
    assert len(list((tmp_path / "thumbnails").glob("*.png"))) == 1


def test_a_missing_picture_shows_a_placeholder(styles, document, qtbot):
    document.styling.set_styles({HAIR: image_style()})
    qtbot.waitUntil(lambda: not styles.card._thumbnails._wanted)
    assert not styles.card.thumb_a.has_picture


def test_a_drop_beside_the_rows_is_for_all_labels(styles, qtbot, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "photo.jpg"))])
    with qtbot.waitSignal(styles.incoming_for_all):
        drag = Drag(styles, mime)
        assert drag.enter((5, 5))
        assert drag.drop((5, 5))


def test_a_drop_on_the_second_slot_names_it(styles, qtbot, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "photo.jpg"))])
    with qtbot.waitSignal(styles.card.incoming) as told:
        drag = Drag(styles.card.thumb_b, mime)
        assert drag.enter((5, 5))
        assert drag.drop((5, 5))
    assert told.args[:2] == [HAIR, B]


# --- options -----------------------------------------------------------------------------------------


def test_the_size_slider_reaches_every_size_that_matters():
    assert size_of_step(0) == 1
    assert size_of_step(200) == 1024
    assert {size_of_step(step_of_size(size)) for size in range(1, 9)} == set(range(1, 9))


def test_chinese_names_show_in_chinese(qtbot, document):
    install_language("zh_CN")
    try:
        panel = LabelsPanel(document)
        qtbot.addWidget(panel)
        assert panel.model.row(HAIR).name == "头发"
    finally:
        install_language("en")


def test_samples_are_clicked_for_all_and_dragged_for_one(qtbot, tmp_path):
    from PIL import Image

    from app.imaging.mime import read_mime
    from app.panels.styles.samples import SampleStrip

    path = tmp_path / "auburn.png"
    Image.fromarray(photo_of(face_label_map(64))).save(path)
    strip = SampleStrip()
    strip.show_pictures([path])
    qtbot.addWidget(strip)
    with qtbot.waitSignal(strip.picked) as told:
        strip.thumbs[0].click()
    assert told.args == [path]
    assert read_mime(strip.thumbs[0]._drag()).files == (path,)
    assert not strip.thumbs[0].has_picture  # the file is read after the first frame
    strip.show()
    qtbot.waitUntil(lambda: strip.thumbs[0].has_picture)
    qtbot.addWidget(without := SampleStrip())
    assert without.isHidden()


def test_a_seed_field_takes_seeds_and_puts_anything_else_right(qtbot):
    field = SeedField("Seed")
    qtbot.addWidget(field)
    field.show()
    field.show_seed(7)
    entered: list[int] = []
    field.entered.connect(entered.append)
    for typed in ("lots", "", str(2**63), "-3"):
        field.clear()
        qtbot.keyClicks(field, typed)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert field.text() == "7" and entered == []
    field.clear()
    qtbot.keyClicks(field, str(2**63 - 1))
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert entered == [2**63 - 1]
    field.show_seed(None)
    assert field.text() == ""
