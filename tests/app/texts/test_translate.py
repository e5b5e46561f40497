"""What the engine says comes out in the language of the user interface, with its own names and numbers."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import engine.systems
from app.errors_ui.bar import ErrorBar
from app.errors_ui.hub import Problem, ProblemHub, Severity
from app.shell.i18n import install_language
from app.texts.translate import translate
from engine.errors import EngineError, Message
from engine.labels.label_maps import check_label_map, read_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures.images import read_image
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import ParseRequest
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle
from engine.session import Session
from engine.systems import system
from engine.systems.base import load_part
from engine.training.recipe import Recipe, read_fields
from tests.fixtures import face_label_map, photo_of

NAMES = {"Tessera", "int", "str", "mine", "toml", "model", "rule"}
"""What stays as it is: of the program, types, files and settings."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def chinese(qapp) -> Iterator[None]:
    install_language("zh_CN")
    yield
    install_language("en")


def all_chinese(text: str) -> bool:
    return translate(text) != text and CHINESE.search(translate(text)) is not None


def sentence_of(action) -> str:
    with pytest.raises(EngineError) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize(
    ("system_id", "settings"),
    [
        ("sean", {"resolution": 100}),
        ("sean", {"labels": "many"}),
        ("spade", {"latent": 4, "encoder": {"resolution": 7}}),
        ("smis", {"schedule": "deepfashion", "labels": 7}),
        ("smis", {"labels": 19, "groups": [18, 17, 13, 11, 7, 5, 3], "width": 2}),
        ("smis", {"groups": [99]}),
        ("pix2pixhd", {"halvings": 0}),
        ("an-classes", {"resolution": 100}),
    ],
)
def test_settings_that_make_no_network_are_refused_in_the_users_language(chinese, system_id, settings):
    spec = system(system_id).network
    for read in (spec.read_config, lambda values: read_fields(values, load_part(spec.config), "mine.toml", "model")):
        said = translate(sentence_of(lambda read=read: read(settings)))
        names = NAMES | {*re.findall("[A-Za-z_]+", f"{spec.title} {settings}")}
        assert CHINESE.search(said) and [word for word in re.findall("[A-Za-z_]{3,}", said) if word not in names] == []


def test_no_config_raises_what_has_no_translation():
    """A plain ValueError says English alone, and what a config raises ends in a sentence for the user."""
    folder = Path(engine.systems.__file__).parents[1]
    for source in (*(folder / "systems").rglob("*.py"), *(folder / "nn").glob("*.py")):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "__post_init__":
                assert "raise ValueError" not in ast.unparse(node), source


def test_a_run_says_nothing_in_english(chinese, tiny_weights, tmp_path):
    """Progress and notes of a render with a style from a photo and of a parse."""
    labels = face_label_map(64)
    photo = tmp_path / "photo.png"
    Image.fromarray(photo_of(labels)).save(photo)
    said: list[str] = []
    session = Session("cpu")
    style = ImageStyle(str(photo), 13, label_map_png=LabelMapData.from_array(labels).png)
    odd = RenderRequest("tiny-sean", LabelMapData.from_array(face_label_map(72)), {13: style})
    painted = session.run(odd, lambda _, text: said.append(text), threading.Event())
    blank = np.full((64, 64, 3), 128, np.uint8)
    parsed = session.run(ParseRequest.from_pixels("tiny-parser", blank), lambda _, text: said.append(text))
    said += [*painted.notes, *parsed.notes]
    assert painted.notes and len(set(said)) > 5
    assert [text for text in said if not all_chinese(text)] == []


def test_typical_sentences_keep_their_names(chinese, tmp_path):
    faces = load_label_set("faces")
    note = Message("first of {0} {1} used", 3, Message("frames"))
    assert translate(Message('"{0}": {1}.', "a.gif", note)) == "“a.gif”：共 3 帧，只用了开头的一个。"
    missing = tmp_path / "read" / "我的 face {0}.png"
    sentence = translate(sentence_of(lambda: read_image(missing)))
    assert sentence.startswith(f"无法读取“{missing}”：") and "check" not in sentence
    wrong = tmp_path / "map.png"
    Image.fromarray(np.full((32, 32), 77, np.uint8)).save(wrong)
    sentence = translate(sentence_of(lambda: read_label_map(wrong, faces)))
    assert f'"{wrong}"' in sentence and "77" in sentence and "label" not in sentence
    blue = tmp_path / "blue.png"
    Image.fromarray(np.full((32, 32, 3), (1, 2, 3), np.uint8)).save(blue)
    sentence = translate(sentence_of(lambda: read_label_map(blue, faces)))
    assert f'"{blue}" 含有' in sentence and "#010203" in sentence
    many = np.arange(30, 60, dtype=np.uint8).reshape(5, 6)
    sentence = translate(sentence_of(lambda: check_label_map(many, faces, Message("the label map"))))
    assert sentence.startswith("标签图 含有") and "另外 22 个" in sentence
    assert not re.search(r"[a-z]{3}", sentence.replace(faces.name, ""))


def test_a_missing_style_is_told_with_its_file(chinese, tiny_weights, tmp_path):
    labels = np.ones((64, 64), np.uint8)
    labels[:32] = 13
    photo = tmp_path / "photo.png"
    Image.fromarray(photo_of(face_label_map(64))).save(photo)
    style = ImageStyle(str(photo), 13, label_map_png=LabelMapData.from_array(np.ones((64, 64), np.uint8)).png)
    request = RenderRequest("tiny-sean", LabelMapData.from_array(labels), {13: style})
    sentence = translate(sentence_of(lambda: Session("cpu").run(request)))
    assert sentence.startswith(f"“{photo}”没有可取样式的区域“hair”")
    assert all_chinese(sentence_of(lambda: Session("cpu").load("tiny-seam")))
    assert all_chinese(sentence_of(lambda: from_json("{")))


def test_plain_strings_and_english_stay(qapp, chinese):
    for text in ("The moon is full.", "", "载入", "loading", "read the manual"):
        assert translate(text) == text
    assert translate(Message("The moon is full.")) == "The moon is full."
    install_language("en")
    assert translate(Message("loading")) == "loading"


def test_forms_of_a_sentence_translate_like_the_sentence(chinese):
    empty = Message("{0} is empty; choose a picture.", Message("the picture"))
    assert translate(empty) == "整张图片 是空文件；请选择图片。"
    assert translate(empty.as_clause()) == "整张图片 是空文件；请选择图片"
    assert empty.as_clause() == "the picture is empty; choose a picture"
    assert Message("the picture").as_beginning() == "The picture"
    about = Message('"{0}" is damaged; get the weights again.', "a.bin")
    assert about.as_predicate() == "is damaged; get the weights again."
    assert translate(about) == "“a.bin”" + translate(about.as_predicate())
    quoted = Message("{0} has transparent pixels, which have no label; fill them first.", '"a.png"')
    assert quoted.as_predicate() == "has transparent pixels, which have no label; fill them first."
    assert translate(quoted) == '"a.png" ' + translate(quoted.as_predicate())


def test_messages_survive_copies_and_processes():
    clause = Message("{0}; try another place", Message("the disk is full.").as_clause())
    for copied in (pickle.loads(pickle.dumps(clause)), copy.deepcopy(clause), str(clause)):
        assert copied == clause and copied.template == clause.template and copied.arguments == clause.arguments


def test_the_bar_tells_what_the_hub_reports(chinese, qtbot):
    hub, bar = ProblemHub(), ErrorBar()
    qtbot.addWidget(bar)
    hub.reported.connect(bar.show_problem)
    hub.error(EngineError("{0} is empty; choose a picture.", '"/tmp/a.png"'))
    assert bar.problem == Problem('"/tmp/a.png" 是空文件；请选择图片。', bar.problem.details, topic=bar.problem.topic)
    assert "is empty" in bar.problem.details  # the log and the details stay as the engine wrote them
    bar.dismiss()
    hub.notice(Message("Painted at {0} x {1} and scaled to {2} x {3}.", 64, 64, 72, 72))
    assert bar.problem is not None and bar.problem.severity is Severity.NOTICE
    assert bar.problem.sentence == "以 64 x 64 绘制，再缩放到 72 x 72。"


def test_clauses_within_a_sentence_are_translated_too(chinese):
    """What msgspec found, the choices for a key and the places of colours: English words would stand out in Chinese."""
    request = json.loads(to_json(RenderRequest("tiny-sean", LabelMapData.from_array(face_label_map(8)), {})))
    wrong_precision = sentence_of(lambda: from_json(json.dumps(request | {"precision": "float8"})))
    wrong_seed = sentence_of(lambda: from_json(json.dumps(request | {"seed": "x"})))
    wrong_steps = sentence_of(lambda: read_fields({"system": "x", "steps": "many"}, Recipe, "faces.toml", "task"))
    assert translate(wrong_precision).endswith('值 \'float8\' 无效，请给出 "float32" 或 "bfloat16"。')
    assert "应为 int，实际为 str" in translate(wrong_seed)
    assert re.search("[A-Za-z]{2,} [A-Za-z]{2,}", translate(wrong_steps)) is None
