"""Turns whatever a job raised into an error that can be shown."""

from __future__ import annotations

import traceback

from engine.errors import EngineError, OutOfMemory
from engine.files import of_system


def as_engine_error(error: BaseException) -> EngineError:
    """Errors of the engine as they are; anything else as one sentence, with the traceback as its details."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, OSError) and (sentence := of_system(error)) is not None:
        return sentence
    details = "".join(traceback.format_exception(error))
    if isinstance(error, MemoryError):
        return OutOfMemory(
            "There was not enough memory; close other programs or use a smaller image, then try again.",
            details=details,
        )
    return EngineError(
        "Something unexpected went wrong ({0}); your work is unchanged. Please report the details.",
        type(error).__name__,
        details=details,
    )
