"""The style codes that a request paints with, for tests that look at them rather than at pictures."""

from __future__ import annotations

import numpy as np

from engine.requests.render import RenderRequest, read_codes
from engine.session import Session


def codes_of(session: Session, request: RenderRequest) -> np.ndarray:
    """(L, K * D) float32, K > 1 where blocks or encoders have codes of their own."""
    codes, _ = read_codes(request, session.painter(request.weights), session.services(), lambda fraction, text: None)
    return codes.permute(1, 0, 2).flatten(1).float().numpy()
