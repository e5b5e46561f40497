"""Photo edits that are saved and opened in another place: the same picture, or a note that says why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.jobs.writing import save_photo_result, write_request
from engine.cli.request import read_request
from engine.pictures.images import write_image
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import ImageStyle, encode_code
from engine.session import Session

HAIR = 13


@pytest.mark.parametrize("below", [True, False])
def test_a_saved_edit_makes_the_same_picture_elsewhere(
    tiny_weights: Path,
    tiny_label_map: np.ndarray,
    tiny_photo: np.ndarray,
    tmp_path: Path,
    below: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The style's code makes another picture than its photo: what is saved keeps the way to the photo."""
    pictures, target, decoy = tmp_path / ("saved/pictures" if below else "pictures"), tmp_path / "saved", tmp_path / "c"
    for folder in (target, pictures, decoy):
        folder.mkdir(exist_ok=True)
    for name, pixels in (("photo.png", tiny_photo), ("style.png", tiny_photo[:, :, ::-1])):
        write_image(pictures / name, pixels)
        write_image(decoy / name, np.zeros_like(pixels))
    session, map_data = Session("cpu"), LabelMapData.from_array(tiny_label_map)
    style = ImageStyle(str(pictures / "style.png"), HAIR, label_map_png=map_data.png)
    encoded, _ = session.encode_picture("tiny-sean", style)
    style = style.replace(code=encode_code(encoded.codes[HAIR]), made_by=encoded.made_by)
    request = EditRequest(
        "tiny-sean", PhotoReference.of(pictures / "photo.png"), (RegionEdit(HAIR, style),), map_data
    )
    result = session.run(request)
    result.save(target / "edit.png")
    write_request(target / "edit.json", request)
    save_photo_result(target / "restores.png", result, photo_inside=False)
    if below:
        target = target.rename(tmp_path / "moved")
    monkeypatch.chdir(decoy)
    for name in ("edit.png", "edit.json", "restores.png"):
        opened = read_request(target / name)
        reopened = session.run(opened)
        np.testing.assert_array_equal(reopened.samples, result.samples)
        assert not reopened.notes
    (target / "pictures" if below else pictures).joinpath("style.png").unlink()
    missing = session.run(opened)
    assert [note for note in missing.notes if 'style.png" is not there any more: hair is painted' in note]
    assert (missing.samples != result.samples).any()
