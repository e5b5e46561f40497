"""Painters of all systems: one face, exact pictures, styles that do what they say, one sentence where they cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import BadLabelMap, BadRequest, MissingStyle, NotSupported, WeightsError
from engine.labels.label_sets import load_label_set
from engine.nn.blocks import one_hot
from engine.painting.codes import drawn
from engine.painting.edges import conditions, label_edges
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, BlockStyle, ImageStyle, MixStyle, SampleStyle, Style, encode_code
from engine.requests.variations import variations, with_style
from engine.session import Session
from engine.systems import abilities, system
from engine.systems.base import Abilities
from engine.weights.card import read_card
from engine.weights.store import load_weights, save_weights
from tests.engine.style_codes import codes_of
from tests.engine.systems.tiny import WEIGHTS, all_weights, tiny_shelf_of_all  # noqa: F401 (fixtures)
from tests.engine.test_files import is_one_sentence

HAIR, SKIN, HAT = 13, 1, 14
LABELS = range(19)
NO_MEAN = ("These weights come without a mean style; give each region a style.",)
PER_LABEL = ["tiny-smis", "tiny-groupenc", "tiny-mulnet"]


@pytest.fixture
def session(all_weights: Path) -> Session:  # noqa: F811
    return Session("cpu")


@pytest.fixture
def photo(tmp_path: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray) -> tuple[str, str]:
    picture, labels = tmp_path / "anna.png", tmp_path / "anna.map.png"
    Image.fromarray(tiny_photo).save(picture)
    Image.fromarray(tiny_label_map).save(labels)
    return str(picture), str(labels)


def request_of(name: str, label_map: np.ndarray, styles: dict[int, Style] | None = None) -> RenderRequest:
    return RenderRequest(name, LabelMapData.from_array(label_map), styles or {})


def literal(name: str, shelf: Path, label_map: np.ndarray, z: torch.Tensor | None) -> np.ndarray:
    """The picture of the literal network, (H, W, 3) in [-1, 1]."""
    weights = load_weights(shelf / name)
    kind = system(weights.card.system).network
    config = kind.read_config(weights.card.config)
    network = kind.build(config).eval()
    network.load_state_dict(weights.state)
    hot = conditions(label_map, config.labels, config.edges, torch.device("cpu"))
    with torch.inference_mode():
        return network(hot, *([] if z is None else [z]))[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_a_painter_paints_what_its_network_does(session, all_weights, tiny_label_map, name):  # noqa: F811
    painter = session.painter(name)
    seeds = {label: SampleStyle(3) for label in LABELS} if abilities(painter.card).samples else {}
    request = request_of(name, tiny_label_map, seeds)
    z = None
    if painter.card.system == "smis":
        codes = np.stack([drawn(label, 3, painter.code_length) for label in LABELS])
        assert np.array_equal(codes_of(session, request), codes)
        z = torch.from_numpy(codes).view(1, *painter.config.latent_shape)
    elif name.startswith("tiny-vspade"):
        z = torch.from_numpy(drawn(0, 3, painter.code_length))[None]
    elif painter.code_length:
        z = torch.zeros(1, 19, painter.code_length)
    expected = (literal(name, all_weights, tiny_label_map, z) + 1) * 127.5
    result = session.run(request)
    assert result.notes == (NO_MEAN if name == "tiny-hd" else ()) and result.pixels.shape == (64, 64, 3)
    assert np.abs(result.pixels - expected).max() <= 0.51
    assert result.pixels.std() > 4
    assert np.array_equal(Session("cpu").run(request).pixels, result.pixels)


@pytest.mark.parametrize("name", ["tiny-smis", "tiny-smis-edges", "tiny-vspade", "tiny-spade", "tiny-hd"])
@pytest.mark.parametrize(("height", "width"), [(32, 64), (100, 60), (128, 128), (1, 1)])
def test_any_size_is_painted_at_the_label_maps_own_size(session, name, height, width):
    label_map = np.zeros((height, width), np.uint8)
    label_map[: height // 2] = HAIR
    result = session.run(request_of(name, label_map))
    assert result.pixels.shape == (height, width, 3)
    exact, previews = session.sizes(name, height, width)
    assert any(note.startswith("Painted at") for note in result.notes) == (exact != (height, width))
    assert all(session.painter(name).painted_size(*size) == size for size in previews)


# ---------------------------------------------------------------- styles per label


@pytest.mark.parametrize("name", PER_LABEL)
def test_one_label_drawn_anew_leaves_all_other_codes_as_they_are(session, tiny_label_map, photo, name):
    base = request_of(name, tiny_label_map, {SKIN: ImageStyle(photo[0], SKIN, photo[1]), 2: SampleStyle(9)})
    before = codes_of(session, base)
    others = np.arange(19) != HAIR
    pictures = {session.run(base).pixels.tobytes()}
    for one in variations(base, HAIR, 3):
        after = codes_of(session, one)
        assert np.array_equal(after[others], before[others]) and not np.array_equal(after[HAIR], before[HAIR])
        pictures.add(session.run(one).pixels.tobytes())
    assert len(pictures) == 4


@pytest.mark.parametrize("name", PER_LABEL[:2])
def test_the_mean_style_is_the_middle_of_the_prior_and_mixes_run_between(session, tiny_label_map, name):
    request = request_of(name, tiny_label_map)
    assert not codes_of(session, request).any()
    mixed = codes_of(session, with_style(request, HAIR, MixStyle(MEAN, SampleStyle(4), 0.25)))[HAIR]
    assert np.allclose(mixed, 0.25 * drawn(HAIR, 4, len(mixed)), atol=1e-6)


@pytest.mark.parametrize("name", [*PER_LABEL, "tiny-hd"])
def test_pictures_give_codes_to_the_labels_that_they_show(session, tiny_label_map, tiny_photo, photo, name):
    found = session.encode(name, tiny_photo, tiny_label_map)
    assert found.codes.shape == (19, session.painter(name).code_length)
    assert found.present[HAIR] and not found.present[HAT]
    assert found.codes[HAIR].any() and not found.codes[HAT].any()
    by_file = codes_of(session, request_of(name, tiny_label_map, {HAIR: ImageStyle(photo[0], HAIR, photo[1])}))
    stored = ImageStyle("gone.png", HAIR, code=encode_code(found.codes[HAIR]))
    assert np.array_equal(by_file, codes_of(session, request_of(name, tiny_label_map, {HAIR: stored})))
    assert np.array_equal(by_file[HAIR], found.codes[HAIR])


# ---------------------------------------------------------------- styles of pictures


def test_labels_set_alike_are_the_style_of_the_picture_to_the_bit(session, tiny_label_map, tiny_photo):
    code = session.encode("tiny-vspade", tiny_photo, tiny_label_map).codes
    assert (code == code[:1]).all() and code.any()
    style = ImageStyle("x", HAT, code=encode_code(code[HAT]))
    alike = session.run(with_style(request_of("tiny-vspade", tiny_label_map), LABELS, style)).pixels
    there = np.unique(tiny_label_map).tolist()
    assert np.array_equal(
        session.run(request_of("tiny-vspade", tiny_label_map, dict.fromkeys(there, style))).pixels, alike
    )
    mean = session.run(request_of("tiny-vspade", tiny_label_map)).pixels
    assert not np.array_equal(alike, mean)


def test_labels_set_apart_count_by_their_area(session):
    half = np.zeros((64, 64), np.uint8)
    half[:16] = HAIR
    one, other = SampleStyle(1), SampleStyle(2)
    apart = session.run(request_of("tiny-vspade", half, {HAIR: one, 0: other})).pixels
    mixed = session.run(with_style(request_of("tiny-vspade", half), LABELS, MixStyle(other, one, 0.25))).pixels
    assert np.abs(apart.astype(int) - mixed).max() <= 1


@pytest.mark.parametrize("name", ["tiny-spade", "tiny-hd-plain"])
def test_weights_with_one_look_say_so_and_use_no_style(session, tiny_label_map, name):
    plain = session.run(request_of(name, tiny_label_map))
    styled = session.run(request_of(name, tiny_label_map, {HAIR: ImageStyle("gone.png", 200), SKIN: SampleStyle(1)}))
    assert plain.notes == () and styled.notes == ("These weights have one look for a label map; styles were not used.",)
    assert np.array_equal(plain.pixels, styled.pixels)
    with pytest.raises(NotSupported, match="one look"):
        session.encode(name, np.zeros((64, 64, 3), np.uint8), tiny_label_map)
    with pytest.raises(NotSupported, match="one look"):
        session.painter(name).sample(0, 0)


# ---------------------------------------------------------------- edges


def test_edges_lie_on_both_sides_of_every_border():
    label_map = np.zeros((6, 8), np.uint8)
    label_map[2:4, 3:6] = 5
    inside = np.zeros((6, 8), bool)
    inside[2:4, 3:6] = True
    around = np.zeros((6, 8), bool)
    around[2:4, [2, 6]] = around[[1, 4], 3:6] = True
    assert np.array_equal(label_edges(label_map), inside | around)  # two pixels wide: all of the inside is rim
    hot = conditions(label_map, 6, True, torch.device("cpu"))
    assert torch.equal(hot[:, :6], one_hot(torch.from_numpy(label_map.astype(np.int64))[None], 6))
    assert np.array_equal(hot[0, 6].numpy(), label_edges(label_map))


# ---------------------------------------------------------------- what cannot be


@pytest.mark.parametrize("name", ["tiny-smis", "tiny-spade", "tiny-vspade", "tiny-hd"])
def test_labels_that_were_not_learnt_are_named(session, tiny_label_map, name):
    label_map = tiny_label_map.copy()
    label_map[0, :2] = 19, 255
    with pytest.raises(BadLabelMap, match="19, 255") as caught:
        session.run(request_of(name, label_map))
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize(
    ("name", "style", "kind", "says"),
    [
        ("tiny-smis", ImageStyle("anna.jpg", HAIR, code=encode_code(np.zeros(5))), MissingStyle, "by other weights"),
        ("tiny-vspade", ImageStyle("anna.jpg", HAIR, code=encode_code(np.zeros(128))), MissingStyle, '"tiny-vspade"'),
        ("tiny-smis", BlockStyle((MEAN,) * 6), NotSupported, "cannot cross styles over"),
        ("tiny-vspade", BlockStyle((MEAN,) * 6), NotSupported, "cannot cross styles over"),
        ("tiny-smis-blind", "photo", NotSupported, "no image encoder"),
        ("tiny-vspade-blind", "photo", NotSupported, "no image encoder"),
        ("tiny-smis", "hat", MissingStyle, 'no region "hat"'),
        ("tiny-hd", SampleStyle(1), NotSupported, "take styles from pictures"),
        ("tiny-sean", SampleStyle(1), NotSupported, "take styles from pictures"),
        ("tiny-sean", BlockStyle((MEAN,) * 6), BadRequest, "3 blocks; the request gives 6"),
    ],
)
def test_a_style_that_weights_cannot_have_is_one_sentence(session, tiny_label_map, photo, name, style, kind, says):
    if isinstance(style, str):
        style = ImageStyle(photo[0], HAT if style == "hat" else HAIR, photo[1])
    with pytest.raises(kind, match=says) as caught:
        session.run(request_of(name, tiny_label_map, {HAIR: style}))
    assert is_one_sentence(str(caught.value))
    assert session.run(request_of(name, tiny_label_map)).pixels.shape == (64, 64, 3)


@pytest.mark.parametrize("name", ["tiny-smis", "tiny-vspade", "tiny-spade", "tiny-hd"])
def test_weights_that_do_not_fit_their_card_are_refused(session, all_weights, tmp_path, tiny_label_map, name):  # noqa: F811
    weights = load_weights(all_weights / name)
    lacking = next(key for key in weights.state if key.endswith("weight"))
    broken = {
        "no labels": (weights.card.replace(label_set={}), weights.state),
        "other labels": (weights.card.replace(label_set=load_label_set("street").to_dict()), weights.state),
        "other config": (weights.card.replace(config={**weights.card.config, "width": 0.5}), weights.state),
        "a tensor less": (weights.card, {k: v for k, v in weights.state.items() if k != lacking}),
    }
    for n, (card, state) in enumerate(broken.values()):
        save_weights(tmp_path / f"w{n}", card, state)
        with pytest.raises(WeightsError) as caught:
            session.run(request_of(str(tmp_path / f"w{n}"), tiny_label_map))
        assert is_one_sentence(str(caught.value))


# ---------------------------------------------------------------- what cards say of it


def test_abilities_are_those_of_the_painters(session, all_weights, tiny_weights):  # noqa: F811
    black = np.zeros((64, 64, 3), np.uint8)
    for folder in [*all_weights.iterdir(), tiny_weights / "tiny-sean"]:
        card = read_card(folder)
        said, painter = abilities(card), session.painter(card.name)
        assert system(card.system).serves(RenderRequest)
        assert said.scope == painter.scope
        assert (said.stride, said.resolution) == (painter.config.stride, painter.config.resolution)
        assert said.styles == bool(painter.code_length)
        assert said.images == _can(lambda p=painter: p.encode(black, black[:, :, 0]))
        assert said.samples == _can(lambda p=painter: p.sample(HAIR, 1))
        if said.blocks:
            assert said.blocks == painter.generator.styled_blocks
    assert abilities(read_card(tiny_weights / "tiny-parser")) == Abilities(resolution=64)


def _can(action) -> bool:
    try:
        action()
    except NotSupported:
        return False
    return True
