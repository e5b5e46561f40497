"""A plain colour styles a region that is painted too: as the code of a region of that colour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import NotSupported
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, BlockStyle, ColourStyle, MixStyle
from engine.session import Session

HAIR = 13


def painted(session: Session, label_map: np.ndarray, style: object) -> np.ndarray:
    request = RenderRequest("tiny-sean", LabelMapData.from_array(label_map), {HAIR: style})  # type: ignore[dict-item]
    return session.run(request).pixels


def test_a_colour_changes_what_is_painted_the_same_way_in_every_session(
    tiny_weights: Path, tiny_label_map: np.ndarray
) -> None:
    session = Session("cpu")
    styles = MEAN, ColourStyle("#ff0000"), ColourStyle("#0000ff")
    mean, red, blue = (painted(session, tiny_label_map, style) for style in styles)
    assert (mean != red).any() and (red != blue).any()
    np.testing.assert_array_equal(painted(Session("cpu"), tiny_label_map, ColourStyle("#FF0000")), red)


def test_colours_are_parts_of_mixes_and_blocks(tiny_weights: Path, tiny_label_map: np.ndarray) -> None:
    session, red = Session("cpu"), ColourStyle("#ff0000")
    whole = painted(session, tiny_label_map, red)
    np.testing.assert_array_equal(painted(session, tiny_label_map, MixStyle(MEAN, red, 1.0)), whole)
    np.testing.assert_array_equal(painted(session, tiny_label_map, BlockStyle((red, red, red))), whole)
    assert (painted(session, tiny_label_map, MixStyle(MEAN, red, 0.5)) != whole).any()


def test_a_colours_code_is_made_once_whatever_the_label_map(
    tiny_weights: Path, tiny_label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session("cpu")
    encoded: list[int] = []
    painter = session.painter("tiny-sean")
    encode = painter.encode
    monkeypatch.setattr(painter, "encode", lambda *given: (encoded.append(1), encode(*given))[1])
    for shift in range(3):
        painted(session, np.roll(tiny_label_map, shift, 1), ColourStyle("#ff0000"))
    painted(session, np.zeros_like(tiny_label_map), ColourStyle("#00ff00"))  # no hair: nothing to make
    assert encoded == [1]


def test_weights_with_one_style_for_the_picture_or_no_encoder_refuse(
    tiny_weights: Path, tiny_label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session("cpu")
    painter = session.painter("tiny-sean")
    with monkeypatch.context() as patch:
        patch.setattr(painter, "scope", "picture")
        with pytest.raises(NotSupported, match="a colour is for a region"):
            painted(session, tiny_label_map, ColourStyle("#ff0000"))
    monkeypatch.setattr(painter, "config", replace(painter.config, encoder=None))
    with pytest.raises(NotSupported, match="no image encoder"):
        painted(session, tiny_label_map, ColourStyle("#ff0000"))
