"""What can go wrong, as exceptions whose text is one sentence for the user.

The sentence says which file or setting it is about, what is wrong with it, and what to do.
`details` holds what helps a developer (the original exception, key lists); a user interface shows it
on request only. Programming errors stay ordinary Python exceptions.
"""

from __future__ import annotations


class EngineError(Exception):
    """An expected failure. `str(error)` is one sentence a user can act on."""

    def __init__(self, sentence: str, *, details: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details

    def __str__(self) -> str:
        return self.sentence


class BadFile(EngineError):
    """A file or folder cannot be read or written."""


class BadLabelMap(BadFile):
    """A label map holds values or colours that the label set does not know."""


class WeightsError(BadFile):
    """Weights are missing, broken, from another label set or from a newer Tessera."""


class BadRequest(EngineError):
    """A request, an option or a name is wrong; the sentence names the key."""


class MissingStyle(EngineError):
    """A style cannot be had: its picture lacks the label, or its file is gone."""


class OutOfMemory(EngineError):
    """The device had too little memory. Caches are freed; the next job may run."""


class Cancelled(EngineError):
    """The user cancelled the job. Nothing was changed."""

    def __init__(self, sentence: str = "The job was cancelled.", *, details: str = "") -> None:
        super().__init__(sentence, details=details)


class NotSupported(EngineError):
    """The device, the weights or this version cannot do what was asked."""


class TrainingError(EngineError):
    """Training cannot start or go on."""
