"""Requests survive JSON unchanged, and wrong JSON is answered with the wrong key."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.errors import BadFile, BadRequest
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData, encode_map
from engine.requests.parse import ParseRequest
from engine.requests.render import RenderRequest
from engine.requests.styles import (
    MAX_SEED,
    MEAN,
    BlockStyle,
    ImageStyle,
    MixStyle,
    SampleStyle,
    Style,
    decode_code,
    encode_code,
    mix,
)
from tests.engine.drawn_pictures import raw_png, smooth
from tests.engine.test_files import is_one_sentence

SIDES = st.integers(1, 24)
LABEL_MAPS = hnp.arrays(np.uint8, st.tuples(SIDES, SIDES))
CODES = hnp.arrays(np.float32, st.integers(1, 16), elements=st.floats(-4, 4, width=32)).map(encode_code)
TEXT = st.text(max_size=20)
IMAGE_STYLES = st.builds(
    ImageStyle,
    path=TEXT,
    label=st.integers(0, 255),
    label_map_path=st.none() | TEXT,
    label_map_png=st.none() | LABEL_MAPS.map(encode_map),
    code=st.none() | CODES,
    made_by=st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
)
STYLES: st.SearchStrategy[Style] = st.recursive(
    st.just(MEAN) | IMAGE_STYLES | st.builds(SampleStyle, seed=st.integers(0, MAX_SEED)),
    lambda inner: (
        st.builds(MixStyle, a=inner, b=inner, amount=st.floats(-1, 2))
        | st.builds(BlockStyle, blocks=st.lists(inner, min_size=1, max_size=6).map(tuple))
    ),
    max_leaves=6,
)
RENDERS = st.builds(
    RenderRequest,
    weights=TEXT,
    label_map=LABEL_MAPS.map(LabelMapData.from_array),
    styles=st.dictionaries(st.integers(0, 255), STYLES, max_size=4),
    seed=st.integers(0, MAX_SEED),
    precision=st.sampled_from(["float32", "bfloat16"]),
)
PARSES = st.builds(ParseRequest, weights=TEXT, path=TEXT)


@given(request=RENDERS | PARSES)
def test_json_gives_back_an_equal_request(request: RenderRequest | ParseRequest):
    text = to_json(request)
    again = from_json(text)
    assert again == request
    assert hash(again) == hash(request)
    assert to_json(again) == text
    assert from_json(to_json(request, indent=2).encode()) == request


@given(label_map=LABEL_MAPS)
def test_a_label_map_survives_and_equal_maps_are_equal_data(label_map: np.ndarray):
    data = LabelMapData.from_array(label_map)
    assert np.array_equal(data.array(), label_map)
    assert LabelMapData.from_array(label_map.astype(np.int64)) == data
    with pytest.raises(ValueError):
        data.array()[0, 0] = 1


def sample() -> RenderRequest:
    label_map = np.repeat(np.arange(16, dtype=np.uint8), 16)[None].repeat(256, axis=0)
    hair = ImageStyle("我的 照片.jpg", 13, code=encode_code(np.linspace(-1, 1, 512)))
    styles = {13: MixStyle(hair, MEAN, 1.5), 1: BlockStyle((MEAN, hair, MEAN, MEAN, MEAN, MEAN))}
    return RenderRequest("sean-faces", LabelMapData.from_array(label_map), styles, seed=7)


def test_a_request_of_256_x_256_is_small():
    y, x = np.mgrid[0:256, 0:256]
    rings = (np.hypot(y - 128, x - 128) / 8).astype(np.uint8)  # about as busy as a face
    assert len(to_json(RenderRequest("w", LabelMapData.from_array(rings)))) < 12_000


def test_requests_are_frozen_hashable_and_ordered_by_label():
    request = sample()
    with pytest.raises(AttributeError):
        request.seed = 3  # type: ignore[misc]
    styles = dict(reversed(request.styles.items()))
    assert hash(request.replace(styles=styles)) == hash(request)
    assert to_json(request.replace(styles=styles)) == to_json(request)
    styles.clear()
    assert request.style(13) != MEAN and request.style(0) == MEAN
    assert request.replace(seed=8) != request


def test_locks_travel_where_there_are_some():
    base = RenderRequest("w", LabelMapData.from_array(np.zeros((4, 4), np.uint8)))
    assert "locks" not in to_json(base)
    locked = base.replace(style_locks=(13, 1, 13), label_locks=[2])
    assert locked.style_locks == (1, 13) and locked.label_locks == (2,)
    assert from_json(to_json(locked)) == locked
    with pytest.raises(BadRequest, match='"style_locks".*300'):
        base.replace(style_locks=(300,))


def test_numpy_numbers_are_accepted():
    request = RenderRequest("w", sample().label_map, {np.uint8(3): MEAN}, seed=np.int64(5))  # type: ignore
    assert from_json(to_json(request)) == request
    assert ImageStyle("a", np.int32(4)).label == 4  # type: ignore[arg-type]


def test_codes_survive_as_float32():
    code = np.array([0.1, -3.5, 1e-8], np.float32)
    assert np.array_equal(decode_code(encode_code(code)), code)
    assert np.array_equal(ImageStyle("a", 1, code=encode_code(code)).code_array(), code)
    assert ImageStyle("a", 1, label_map_png=encode_map(np.eye(3, dtype=np.uint8))).label_map().tolist()[0] == [1, 0, 0]


def test_a_photo_travels_in_a_parse_request():
    request = ParseRequest.from_pixels("parser-faces", smooth())
    assert np.array_equal(from_json(to_json(request)).image().pixels, smooth())
    with pytest.raises(BadFile, match="does not exist"):
        ParseRequest("parser-faces", path="/missing.jpg").image()
    with pytest.raises(BadFile, match="not a picture"):
        ParseRequest("parser-faces", picture_png="AAAA").image()


def at(*path: str) -> Any:
    """A change for the test below: sets the value at a path of keys of the request's JSON."""

    def change(data: dict[str, Any], value: Any) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "value", "words"),
    [
        (at("sed"), 3, 'unknown key "sed"; did you mean "seed"'),
        (at("styles", "13", "a", "lable"), 1, 'unknown key "lable" in "styles.*did you mean "label"'),
        (at("styles", "13", "b", "amount"), 1, 'unknown key "amount"'),
        (at("seed"), -1, '"seed"'),
        (at("seed"), 2**63, '"seed"'),
        (at("seed"), "x", '"seed": expected int, got str'),
        (at("styles"), [], '"styles": expected object'),
        (at("styles", "hair"), {"style": "mean"}, 'label in "styles"'),
        (at("styles", "300"), {"style": "mean"}, "300"),
        (at("styles", "2"), {"style": "average"}, "average"),
        (at("styles", "2"), {}, "style"),
        (at("styles", "2"), {"style": "sample"}, 'lacks the key "seed"'),
        (at("styles", "2"), {"style": "sample", "seed": -1}, '"styles'),
        (at("styles", "2"), {"style": "sample", "seed": 2**63}, '"styles'),
        (at("styles", "2"), {"style": "sample", "seed": 1.5}, "expected int"),
        (at("styles", "2"), {"style": "sample", "seed": 1, "sed": 2}, 'did you mean "seed"'),
        (at("styles", "13", "amount"), 2.5, '"amount" of a mix is 2.5'),
        (at("styles", "13", "amount"), math.nan, '"amount"'),
        (at("styles", "13", "a", "code"), "AAAA", '"code"'),
        (at("styles", "13", "a", "code"), "*", '"code" is not valid base64'),
        (at("styles", "1", "blocks"), [], '"blocks" of a style is empty'),
        (at("label_map", "width"), 255, "says 255 x 256 but holds 256 x 256"),
        (at("label_map", "png"), "AAAA", '"label_map" does not hold'),
        (at("label_map", "height"), 0, '"label_map.height"'),
        (at("precision"), "float8", '"precision".*give "float32" or "bfloat16"'),
        (at("kind"), "dream", '"kind" of the request is .dream'),
        (at("kind"), ["render"], '"kind"'),
        (at("schema"), "tessera/2", 'schema "tessera/2".*newer Tessera'),
        (at("schema"), 1, 'no key "schema"'),
    ],
)
def test_wrong_json_is_answered_with_the_wrong_key(change: Any, value: Any, words: str):
    data = json.loads(to_json(sample()))
    change(data, value)
    with pytest.raises(BadRequest, match=words) as caught:
        from_json(json.dumps(data))
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize("key", ["schema", "kind", "weights", "label_map"])
def test_a_missing_key_is_named(key: str):
    data = json.loads(to_json(sample()))
    del data[key]
    with pytest.raises(BadRequest, match=f'"{key}"'):
        from_json(json.dumps(data))


def nested(depth: int) -> str:
    opening = '{"style": "mix", "amount": 0, "b": {"style": "mean"}, "a": '
    style = opening * depth + '{"style": "mean"}' + "}" * depth
    return to_json(sample()).replace('"styles": {', f'"styles": {{"2": {style}, ')


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", b"\xff", "[" * 100_000, nested(300), nested(100_000)],
    ids=["empty", "open", "list", "number", "bytes", "lists", "deep", "deeper"],
)
def test_text_that_is_no_request_is_one_sentence(text: str | bytes):
    with pytest.raises(BadRequest) as caught:
        from_json(text)
    assert is_one_sentence(str(caught.value))


def test_mixes_of_mixes_are_read():
    assert isinstance(from_json(nested(20)), RenderRequest)


def test_a_bomb_of_a_label_map_is_refused():
    bomb = raw_png(60000, 60000, bits=8, colour_type=0, rows=b"\0" * 1000)
    data = json.loads(to_json(sample()))
    data["label_map"] = {"height": 60000, "width": 60000, "png": base64.b64encode(bomb).decode()}
    with pytest.raises(BadRequest, match="does not hold a readable label map"):
        from_json(json.dumps(data))


@pytest.mark.parametrize("wrong", [np.zeros((2, 2)), np.zeros((0, 2), int), np.full((2, 2), 256), np.zeros(4, int)])
def test_what_is_no_label_map_makes_no_request(wrong: np.ndarray):
    with pytest.raises(BadRequest):
        LabelMapData.from_array(wrong)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MixStyle(MEAN, MEAN, 3),
        lambda: MixStyle(MEAN, MEAN, math.inf),
        lambda: BlockStyle(()),
        lambda: ImageStyle("a", 256),
        lambda: ImageStyle("a", 1, code="x"),
        lambda: SampleStyle(-1),
        lambda: SampleStyle(2**63),
        lambda: SampleStyle(True),
        lambda: SampleStyle(1.0),
        lambda: sample().replace(seed=-1),
        lambda: sample().replace(seed=True),
        lambda: sample().replace(precision="float16"),
        lambda: sample().replace(styles={-1: MEAN}),
        lambda: ParseRequest("w"),
        lambda: ParseRequest("w", path="a", picture_png="b"),
    ],
)
def test_wrong_requests_cannot_be_made(make: Any):
    with pytest.raises(BadRequest) as caught:
        make()
    assert is_one_sentence(str(caught.value))


def test_a_file_name_that_is_no_unicode_is_one_sentence():
    with pytest.raises(BadRequest, match="not Unicode; rename the file"):
        to_json(sample().replace(styles={1: ImageStyle("caf\udce9.jpg", 1)}))


def test_no_style_can_be_made_that_could_not_be_read_again():
    style: Style = SampleStyle(0)
    with pytest.raises(BadRequest, match="too deeply"):
        for seed in range(1, 200):
            style = MixStyle(style, SampleStyle(seed), 0.5)
    request = RenderRequest("w", LabelMapData.from_array(np.zeros((4, 4), np.uint8)), {1: style})
    assert seed > 50 and from_json(to_json(request)) == request
    with pytest.raises(BadRequest, match="too deeply"):
        for _ in range(200):
            style = BlockStyle((style, MEAN))
    assert from_json(to_json(request.replace(styles={1: style}))).styles == {1: style}


def test_going_on_from_a_mix_towards_its_own_ends_nests_nothing():
    a, b = SampleStyle(1), SampleStyle(2)
    assert mix(MixStyle(a, b, 0.5), b, 0.5) == MixStyle(a, b, 0.75)
    assert mix(MixStyle(a, b, 0.25), a, 0.5) == MixStyle(b, a, 0.875)
    assert mix(MixStyle(a, b, 0.5), MEAN, 0.5) == MixStyle(MixStyle(a, b, 0.5), MEAN, 0.5)


@pytest.mark.parametrize("made_by", ["0123456789abcde", "0123456789abcdef0", "g123456789abcdef"])
def test_an_identity_that_can_be_no_weights_is_refused(made_by: str) -> None:
    with pytest.raises(BadRequest, match="made_by"):
        ImageStyle("a.jpg", 1, code=encode_code(np.ones(2, np.float32)), made_by=made_by)


def test_capital_digits_are_the_same_weights_and_no_digits_nobody() -> None:
    style = ImageStyle("a.jpg", 1, code=encode_code(np.ones(2, np.float32)), made_by="0123456789ABCDEF")
    assert not style.foreign("0123456789abcdef") and style.foreign("f123456789abcdef")
    assert style.replace(made_by="").made_by is None
