"""`render --detail`: a large label map at the model's size, or at its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli import main
from engine.labels.label_maps import write_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures.images import read_image
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json
from engine.requests.render import RenderRequest
from tests.fixtures import face_label_map


@pytest.mark.parametrize("detail", ["model", "full"])
def test_the_detail_is_painted_and_kept_in_the_picture(tmp_path: Path, tiny_weights: Path, detail: str) -> None:
    labels, out = tmp_path / "map.png", tmp_path / "out.png"
    write_label_map(labels, face_label_map(130), load_label_set("faces"))
    with pytest.raises(SystemExit) as done:
        main(["render", "--weights", "tiny-sean", "--labels", str(labels), "--detail", detail, "--out", str(out)])
    assert done.value.code == 0
    assert read_image(out).pixels.shape == (130, 130, 3)
    request = from_json(read_embedded_request(out) or "")
    assert isinstance(request, RenderRequest) and request.detail == detail


def test_another_detail_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["render", "--weights", "w", "--labels", "m.png", "--detail", "huge", "--out", str(tmp_path / "o.png")])
    assert done.value.code == 2
    assert "huge" in capsys.readouterr().err
