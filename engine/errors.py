"""What can go wrong, as exceptions whose text is one sentence for the user.

The sentence says which file or setting it is about, what is wrong with it, and what to do. It is a `Message`: it
keeps its template and its arguments apart, so that an interface in another language translates the template and puts
the same arguments in. `details` holds what helps a developer (the original exception, key lists); a user interface
shows it on request only. Programming errors stay ordinary Python exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from typing import Literal

Form = Literal["whole", "clause", "beginning", "predicate"]


class Message(str):
    """Words for the user: an English string that remembers its template and its arguments.

    `Message("{0} is empty; choose a picture.", name)` is the string with the name filled in. Without arguments the
    template is the text itself, and its braces mean nothing. An argument may be a message (a clause within a
    sentence) or an `EngineError`, which stands for its message.

    form: "whole", as the template has it; "clause", without the full stop at its end; "beginning", with an upper-case
        letter at its start; "predicate", without the quoted first argument that it begins with (a column names it).
    """

    template: str
    arguments: tuple[object, ...]
    form: Form

    def __new__(cls, template: str, *arguments: object, form: Form = "whole") -> Message:
        """A message; see the class."""
        filled = tuple(_plain(argument) for argument in arguments)
        text = template.format(*filled) if filled else str.__str__(template)
        if form == "clause":
            text = text.rstrip(".")
        elif form == "beginning":
            text = text[:1].upper() + text[1:]
        elif form == "predicate" and filled:
            file_name = str(filled[0])
            text = text.removeprefix(f"{file_name} " if file_name.startswith('"') else f'"{file_name}" ')
        message = super().__new__(cls, text)
        message.template, message.arguments, message.form = template, filled, form
        return message

    def __str__(self) -> str:
        return self  # what `str` makes of a subclass would forget the template

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.template, self.arguments, self.form)

    def as_clause(self) -> Message:
        """The same words without the full stop at their end, to stand within another sentence."""
        return Message(self.template, *self.arguments, form="clause")

    def as_beginning(self) -> Message:
        """The same words with an upper-case letter at their start, to begin a sentence."""
        return Message(self.template, *self.arguments, form="beginning")

    def as_predicate(self) -> Message:
        """The same words without the file that they begin with, for a list that has a column of files."""
        return Message(self.template, *self.arguments, form="predicate")


def _restore(template: str, arguments: tuple[object, ...], form: Form) -> Message:
    return Message(template, *arguments, form=form)


def _plain(argument: object) -> object:
    """An argument without ties to anything else: numbers and strings as they are, all else as a string."""
    if isinstance(argument, EngineError):
        return argument.message
    return argument if isinstance(argument, (str, int, float)) else str(argument)


def one_of(choices: Iterable[object]) -> Message:
    """The choices as a clause: "a", "a or b", "a, b or c". At least one."""
    *earlier_choices, last_choice = map(str, choices)
    if not earlier_choices:
        return Message("{0}", last_choice)
    return Message("{0} or {1}", ", ".join(earlier_choices), last_choice)


def listed(clauses: Iterable[str]) -> Message:
    """Clauses one after another: "a, b, c". At least one."""
    first, *further = clauses
    return reduce(lambda earlier, later: Message("{0}, {1}", earlier, later), further, Message("{0}", first))


def complaint_of(explanation: str) -> Message:
    """What msgspec found wrong with a value, without the place, as a clause: "Expected `int`, got `str`"."""
    plain_words = explanation.replace("`", "")
    if matched := re.fullmatch("Expected (.+), got (.+)", plain_words):
        return Message("expected {0}, got {1}", *matched.groups())
    if matched := re.fullmatch("Expected (.+)", plain_words):
        return Message("expected {0}", matched.group(1))
    if matched := re.fullmatch("Invalid (?:enum )?value (.+)", plain_words):
        return Message("invalid value {0}", matched.group(1))
    if matched := re.fullmatch("Object missing required field (.+)", plain_words):
        return Message('the key "{0}" is missing', matched.group(1))
    return Message("{0}", plain_words[:1].lower() + plain_words[1:])


def explanation_of(error: Exception) -> Message:
    """What msgspec found wrong with the values of a config, as a clause that names the key: what a `ConfigError` says,
    or what type a value should have.
    """
    complaint, _, key_path = str(error).replace("`", "").partition(" - at $.")
    cause = error if isinstance(error, EngineError) else error.__cause__
    explanation = cause.message if isinstance(cause, EngineError) else complaint_of(complaint)
    return Message("the key {0}: {1}", repr(key_path), explanation) if key_path else explanation


class EngineError(Exception):
    """An expected failure. `str(error)` is one sentence a user can act on.

    Args:
        template: the sentence, with {0}, {1}, ... for the arguments; or a `Message`.
        arguments: what stands in its places.
        details: what helps a developer.
    """

    def __init__(self, template: str, *arguments: object, details: str = "") -> None:
        self.message = template if isinstance(template, Message) else Message(template, *arguments)
        super().__init__(self.message)
        self.details = details

    def __str__(self) -> str:
        return self.message  # a `Message`, so that `str(error)` remembers its template too


class BadFile(EngineError):
    """A file or folder cannot be read or written."""


class BadLabelMap(BadFile):
    """A label map holds values or colours that the label set does not know, or numbers that could mean several things.

    orders: the label orders (`engine.labels.label_orders`) that the numbers could be of, for whoever can be asked.
    """

    orders: tuple[str, ...] = ()


class WeightsError(BadFile):
    """Weights are missing, broken, from another label set or from a newer Tessera."""


class BadRequest(EngineError):
    """A request, an option or a name is wrong; the sentence names the key."""


class MissingStyle(EngineError):
    """A style is not available: its picture lacks the label, or its file is gone."""


class MissingPhoto(BadFile):
    """The photo that a request refers to is gone, or (`changed`) another file stands in its place.

    path: where it was. Whoever catches it can offer to find the photo again.
    """

    def __init__(self, path: str, *, changed: bool) -> None:
        self.path, self.changed = path, changed
        super().__init__(
            Message('"{0}" is not the photo that was edited; find the one that was meant.', path)
            if changed
            else Message('The photo "{0}" is not there any more; find it again.', path)
        )


class OutOfMemory(EngineError):
    """The device had too little memory. Caches are freed; the next job may run."""


class Cancelled(EngineError):
    """The user cancelled the job. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(Message("The job was cancelled."))


class NotSupported(EngineError):
    """The device, the weights or this version cannot do what was asked."""


class TrainingError(EngineError):
    """Training cannot start or go on."""


class ConfigError(EngineError, ValueError):
    """Settings that make no network, as a clause: whoever reads the settings says whose they are (`explanation_of`)."""
