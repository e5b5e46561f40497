"""Reading request files for the command line: JSON, or the request inside an exported PNG."""

from __future__ import annotations

from pathlib import Path

from engine.errors import BadRequest
from engine.files import read_text
from engine.images import read_embedded_request, sniff
from engine.request import RenderRequest, from_json
from engine.styles import located


def read_render_request(path: Path) -> RenderRequest:
    """The render request in `path`; relative picture paths are looked for beside it first.

    Raises BadFile or BadRequest, naming the file.
    """
    text = read_embedded_request(path) if sniff(path) in ("request_png", "image", "label_map") else None
    if text is None and path.suffix.lower() == ".png":
        raise BadRequest(f'"{path}" carries no request; give a request JSON file or a PNG of Tessera.')
    try:
        request = from_json(read_text(path) if text is None else text)
    except BadRequest as error:
        raise BadRequest(f'"{path}" cannot be rendered: {error}', details=error.details) from error
    if not isinstance(request, RenderRequest):
        raise BadRequest(f'"{path}" holds a request of another kind than render.')
    folder = path.resolve().parent
    return request.replace(styles={label: located(style, folder) for label, style in request.styles.items()})
