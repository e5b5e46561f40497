"""What the engine tells a user, in the language of the user interface.

The engine speaks English and knows nothing of Qt. Its sentences are `engine.errors.Message`s: the template is looked
up in the translation, and the arguments are put in again. tests/app/texts/test_translate.py finds every template of
the engine in the translation.
"""

from __future__ import annotations

from app.shell.i18n import language, translations
from engine.errors import Message

STOPS = ".。"


def translate(text: str) -> str:
    """`text` in the language of the interface if it is a `Message`, else as it is. From any thread."""
    if not isinstance(text, Message):
        return text
    table = translations(language())
    if not table:
        return str.__str__(text)
    template = table.get(text.template, text.template)
    arguments = [translate(argument) if isinstance(argument, str) else argument for argument in text.arguments]
    sentence = template.format(*arguments) if arguments else template
    if text.form == "clause":
        return sentence.rstrip(STOPS)
    if text.form == "predicate" and arguments:
        file_name = str(arguments[0])
        return sentence.removeprefix(f"{file_name} " if file_name.startswith('"') else f"“{file_name}”")
    return sentence[:1].upper() + sentence[1:] if text.form == "beginning" else sentence
