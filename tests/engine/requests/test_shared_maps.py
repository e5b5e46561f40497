"""A style picture's label map is written once, however many labels it styles, and read back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadRequest
from engine.files import resource
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData, encode_map
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, BlockStyle, ImageStyle, MixStyle, Style

ANNA, BEN = (encode_map(np.random.default_rng(seed).integers(0, 19, (32, 32), np.uint8)) for seed in (1, 2))


def request_of(styles: dict[int, Style]) -> RenderRequest:
    return RenderRequest("w", LabelMapData.from_array(np.zeros((4, 4), np.uint8)), styles)


def style(label: int, label_map: str | None = ANNA) -> ImageStyle:
    return ImageStyle("anna.jpg", label, label_map_png=label_map)


def test_each_map_stands_once_in_the_text_at_any_depth() -> None:
    deep = BlockStyle((MixStyle(style(3), style(4, BEN), 0.5), MEAN, style(5)))
    request = request_of({1: style(1), 2: style(2), 3: deep, 4: style(6, None)})
    text = to_json(request)
    assert text.count(ANNA) == text.count(BEN) == 1
    again = from_json(text)
    assert again == request and hash(again) == hash(request) and to_json(again) == text


def test_without_maps_there_is_no_table() -> None:
    assert "maps" not in json.loads(to_json(request_of({1: style(1, None)})))


def test_files_from_before_hold_the_map_in_each_style_and_open() -> None:
    request = request_of({1: style(1), 2: style(2)})
    data = json.loads(to_json(request))
    del data["maps"]
    for label in ("1", "2"):
        del data["styles"][label]["label_map_id"]
        data["styles"][label]["label_map_png"] = ANNA
    assert from_json(json.dumps(data)) == request


@pytest.mark.parametrize("table", [{}, {"0123456789abcdef": ANNA}, None, []])
def test_a_map_that_the_table_lacks_is_named(table: object) -> None:
    data = json.loads(to_json(request_of({1: style(1)})))
    data["maps"] = table
    with pytest.raises(BadRequest, match='"maps"'):
        from_json(json.dumps(data))


def test_a_map_that_is_no_text_is_one_sentence() -> None:
    data = json.loads(to_json(request_of({1: style(1)})))
    data["maps"] = dict.fromkeys(data["maps"], 3)
    with pytest.raises(BadRequest, match="label_map_png"):
        from_json(json.dumps(data))


def test_the_sample_document_holds_each_map_once() -> None:
    text = Path(resource("sample", "sample.request.json")).read_text("utf-8")
    data = json.loads(text)
    assert len(data["maps"]) == len(set(data["maps"].values())) == 1
    assert "label_map_png" not in text and len(text) < 20_000
