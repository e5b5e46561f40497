"""Parts of regions with style codes of their own: fast and literal paint the same, and keep what did not change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.fast.neighbourhoods import Coding
from engine.labels.pieces import FIRST_PIECE, PieceSlots, number_of
from engine.nn.blocks import one_hot, seeded_noise
from engine.nn.label_places import HotPieces
from engine.systems.sean.fast import FastSEAN
from engine.systems.sean.network import SEANGenerator
from tests.engine.fast.networks import blobs, codes_for, edited, sean

TOLERANCE = 1e-4
OF_TWO, OF_FOUR, TWO_AGAIN = FIRST_PIECE, FIRST_PIECE + 1, FIRST_PIECE + 2
LABELS_OF = {OF_TWO: 2, OF_FOUR: 4, TWO_AGAIN: 2}


def slots_of(label_map: np.ndarray, height: int, width: int) -> PieceSlots:
    """The map's left, middle and right third as pieces: of each only the pixels of its own label are one."""
    piece_map = np.zeros((height, width), np.uint8)
    for piece, columns in zip(LABELS_OF, np.array_split(np.arange(width), 3), strict=True):
        piece_map[:, columns] = number_of(piece)
    slots = PieceSlots.of(label_map, piece_map, LABELS_OF)
    assert slots is not None
    return slots


def with_piece_codes(codes: Tensor, seed: int = 7) -> Tensor:
    """(E, L, D) and codes of three pieces behind."""
    own = torch.randn(len(codes), len(LABELS_OF), codes.shape[2], generator=torch.Generator().manual_seed(seed))
    return torch.cat([codes, own], dim=1)


def literal(
    generator: SEANGenerator, label_map: np.ndarray, codes: Tensor, pieces: PieceSlots, contracted: bool
) -> Tensor:
    hot = one_hot(torch.from_numpy(label_map.astype(np.int64))[None], generator.config.labels)
    with torch.inference_mode():
        hot_pieces = HotPieces.of(pieces, torch.device("cpu"))
        return generator(hot, codes[None], seeded_noise(0), contracted=contracted, pieces=hot_pieces)[0]


@pytest.mark.parametrize("cache_bytes", [0, 1 << 26])
@pytest.mark.parametrize("entries", [1, 2])
@pytest.mark.parametrize("size", [(32, 48), (12, 8)])
def test_fast_and_literal_paint_pieces_alike(size: tuple[int, int], entries: int, cache_bytes: int) -> None:
    generator = sean()
    label_map = blobs(np.random.default_rng(1), *size, 5)
    pieces, codes = slots_of(label_map, *size), with_piece_codes(codes_for(generator, entries))
    picture = FastSEAN(generator, cache_bytes=cache_bytes).render(label_map, codes, seeded_noise(0), pieces=pieces)
    for contracted in (False, True):
        expected = literal(generator, label_map, codes, pieces, contracted)
        assert (picture - expected).abs().max() < TOLERANCE
    plain = FastSEAN(generator).render(label_map, codes[:, :5], seeded_noise(0))
    assert (picture - plain).abs().max() > 0.05, "the pieces' styles are not seen"


def test_a_piece_in_its_labels_style_changes_no_bit() -> None:
    generator = sean(channels=(16, 12, 12), upsample_before=(True, True))
    label_map, codes = blobs(np.random.default_rng(2), 32, 32, 5), codes_for(generator)
    alike = torch.cat([codes, codes[:, list(LABELS_OF.values())]], dim=1)
    pieces = slots_of(label_map, 32, 32)
    fast = FastSEAN(generator)
    assert torch.equal(
        fast.render(label_map, alike, seeded_noise(0), pieces=pieces), fast.render(label_map, codes, seeded_noise(0))
    )


def test_what_is_kept_of_pieces_has_the_bytes_of_what_is_fresh() -> None:
    generator = sean(channels=(16, 12, 12), upsample_before=(True, True))
    rng = np.random.default_rng(3)
    fast, fresh = FastSEAN(generator, cache_bytes=200_000), FastSEAN(generator)
    label_map, codes = blobs(rng, 24, 24, 5), codes_for(generator)
    for number in range(40):
        label_map = edited(rng, label_map, 5)
        pieces = slots_of(label_map, *label_map.shape) if number % 4 else None
        styles = codes if pieces is None else with_piece_codes(codes, number // 8)
        picture = fast.render(label_map, styles, seeded_noise(0), pieces=pieces)
        fresh.clear()
        assert torch.equal(picture, fresh.render(label_map, styles, seeded_noise(0), pieces=pieces))


def test_codes_of_pieces_are_rows_of_their_labels() -> None:
    coding = Coding(5)
    label_map = np.array([[2, 4, 2, 1]], np.uint8)
    pieces = PieceSlots(np.array([[1, 2, 3, 0]], np.uint8), (2, 4, 2))
    codes, rows = coding.with_pieces(coding.encode(label_map), pieces)
    assert len(set(codes.ravel().tolist())) == 4 and all(coding.is_styled(code) for code in codes.ravel())
    assert [rows[code] for code in codes.ravel().tolist()] == [5, 6, 7, 1]
    taps = np.repeat(codes.reshape(-1, 1), 9, axis=1)
    assert (coding.rows(taps)[:, 0] == [2, 4, 2, 1]).all()
    with pytest.raises(ValueError, match="edges"):
        Coding(5, edges=True).with_pieces(coding.encode(label_map), pieces)
