"""What the engine says comes out in the language of the user interface, with its own names and numbers."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.errors_ui.bar import ErrorBar
from app.errors_ui.hub import Problem, ProblemHub, Severity
from app.shell.i18n import install_language, translations
from app.texts.engine_texts import TEXTS, told
from engine.errors import EngineError
from engine.labels.label_maps import check_label_map, read_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures.images import read_image
from engine.requests.render import LabelMapData, ParseRequest, RenderRequest, from_json
from engine.requests.styles import ImageStyle
from engine.session import Session
from tests.fixtures import face_label_map, photo_of

ENGINE = Path(__file__).parents[2] / "engine"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
COMPOSED = {  # of several f-strings of the engine
    "{0} and {1} more",
    "{0} contains the colour {1} that '{2}' does not have; choose the label set that the map was made for, or "
    "repaint these pixels without smoothing.",
    "{0} contains the colours {1} that '{2}' does not have; choose the label set that the map was made for, or "
    "repaint these pixels without smoothing.",
    "The picture",
    "The label map",
    "The label map of the style picture",
    "is twice in {0}",
    "is in {0} and in {1}",
}


@pytest.fixture
def chinese(qapp) -> Iterator[None]:
    install_language("zh_CN")
    yield
    install_language("en")


def template(node: ast.AST) -> str | None:
    """A text of the source as the table writes it; None for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    parts, number = [], 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        else:
            parts.append(f"{{{number}}}")
            number += 1
    return "".join(parts)


def templates_of(path: Path) -> set[str]:
    return {text for node in ast.walk(ast.parse(path.read_text("utf-8"))) if (text := template(node))}


def all_chinese(text: str) -> bool:
    return told(text) != text and CHINESE.search(told(text)) is not None


def sentence_of(action) -> str:
    with pytest.raises(EngineError) as caught:
        action()
    return str(caught.value)


def test_every_text_of_the_table_is_one_of_the_engine():
    """A sentence that the engine words anew would silently show in English."""
    engine = set().union(*(templates_of(path) for path in ENGINE.rglob("*.py")))
    assert sorted(set(TEXTS) - engine - COMPOSED) == []
    assert len(set(TEXTS)) == len(TEXTS)


def test_places_are_numbered_in_their_order():
    for text in TEXTS:
        found = re.findall(r"\{(\d)\}", text)
        assert found == [str(n) for n in range(len(found))], text


def test_every_progress_word_of_the_source_is_in_the_table():
    words = set()
    for node in ast.walk(ast.parse((ENGINE / "session.py").read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "report":
            words.add(template(node.args[1]))
    assert words and words <= set(TEXTS) & set(translations("zh_CN"))


def test_every_note_of_the_source_is_in_the_table():
    """Notes are what is appended to, or put into, something called notes; those of the parser are its warnings."""
    notes = set()
    sources = [ENGINE / f"{name}.py" for name in ("images", "labels", "rasters", "photo_parser")]
    for path in [*sources, *(ENGINE / "painters").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            inner: ast.AST | None = None
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "notes.append":
                inner = node
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "notes":
                inner = node.value
            elif isinstance(node, ast.FunctionDef) and node.name in ("_warnings", "frame_note"):
                returns = [r.value for r in ast.walk(node) if isinstance(r, ast.Return) and r.value]
                inner = ast.Tuple(returns, ast.Load())
            if inner is not None:
                nested = {id(part) for x in ast.walk(inner) if isinstance(x, ast.JoinedStr) for part in ast.walk(x)}
                found = [x for x in ast.walk(inner) if isinstance(x, ast.JoinedStr) or id(x) not in nested]
                notes |= {text for x in found if (text := template(x)) and " " in text}
    assert len(notes) >= 9
    assert notes - set(TEXTS) == set()


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


def test_typical_sentences_keep_their_names(chinese, tiny_weights, tmp_path):
    faces = load_label_set("faces")
    assert told('"a.gif": first of 3 frames used.') == "“a.gif”：共 3 帧，只用了开头的一个。"
    assert (
        told('"a.png": No face was found in this picture; correct its label map before you take styles from it.')[:14]
        == "“a.png”：这张图片中没有找到人脸"[:14]
    )
    gone = tmp_path / "read" / "我的 face {0}.png"
    assert (found := told(sentence_of(lambda: read_image(gone)))).startswith(f"无法读取“{gone}”：")
    assert "check" not in found
    wrong = tmp_path / "map.png"
    Image.fromarray(np.full((32, 32), 77, np.uint8)).save(wrong)
    found = told(sentence_of(lambda: read_label_map(wrong, faces)))
    assert f'"{wrong}"' in found and "77" in found and "label" not in found
    blue = tmp_path / "blue.png"
    Image.fromarray(np.full((32, 32, 3), (1, 2, 3), np.uint8)).save(blue)
    found = told(sentence_of(lambda: read_label_map(blue, faces)))
    assert f'"{blue}" 含有' in found and "#010203" in found
    many = np.arange(30, 60, dtype=np.uint8).reshape(5, 6)
    found = told(sentence_of(lambda: check_label_map(many, faces, "the label map")))
    assert found.startswith("标签图 含有") and "另外 22 个" in found
    assert not re.search(r"[a-z]{3}", found.replace(faces.name, ""))


def test_a_missing_style_is_told_with_its_file(chinese, tiny_weights, tmp_path):
    labels = np.ones((64, 64), np.uint8)
    photo = tmp_path / "photo.png"
    Image.fromarray(photo_of(face_label_map(64))).save(photo)
    style = ImageStyle(str(photo), 13, label_map_png=LabelMapData.from_array(labels).png)
    request = RenderRequest("tiny-sean", LabelMapData.from_array(labels), {13: style})
    found = told(sentence_of(lambda: Session("cpu").run(request)))
    assert found.startswith(f"“{photo}”没有可取样式的区域“hair”")
    assert all_chinese(sentence_of(lambda: Session("cpu").load("tiny-seam")))
    assert all_chinese(sentence_of(lambda: from_json("{")))


def test_unknown_sentences_and_english_stay(qapp, chinese):
    for text in ("The moon is full.", "", "载入", "read the manual"):
        assert told(text) == text
    assert told('"moon.png": The moon is full.') == "“moon.png”：The moon is full."
    install_language("en")
    assert told("loading") == "loading"


def test_the_bar_tells_what_the_hub_reports(chinese, qtbot):
    hub, bar = ProblemHub(), ErrorBar()
    qtbot.addWidget(bar)
    hub.reported.connect(bar.show_problem)
    hub.error(EngineError('"/tmp/a.png" is empty; choose a picture.'))
    assert bar.problem == Problem('"/tmp/a.png" 是空文件；请选择图片。', bar.problem.details)
    assert "is empty" in bar.problem.details  # the log and the details stay as the engine wrote them
    bar.dismiss()
    hub.notice("Painted at 64 x 64 and scaled to 72 x 72.")
    assert bar.problem is not None and bar.problem.severity is Severity.NOTICE
    assert bar.problem.sentence == "以 64 x 64 绘制，再缩放到 72 x 72。"
