"""The language of the user interface.

Source texts are English; a translation is ``resources/translations/<language>.json``, a table from the
English text to the translated one. A text that is missing there shows in English. ``mark`` names texts
that stand in tables and are translated when shown; tests/app/shell/test_translations.py finds every text.
"""

from __future__ import annotations

import json
import logging
from functools import cache

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from engine.files import resource

log = logging.getLogger("tessera")

ENGLISH = "en"
CHINESE = "zh_CN"

_installed: list[QTranslator] = []
_language = [ENGLISH]


def mark(source_text: str) -> str:
    """Marks ``source_text`` for translation and returns it unchanged."""
    return source_text


def tr(source_text: str) -> str:
    """``source_text`` in the language of the user interface, for code outside of QObjects."""
    return QCoreApplication.translate("Tessera", source_text)


def language() -> str:
    """The language in use: "en" or "zh_CN"."""
    return _language[0]


def resolve_language(choice: str) -> str:
    """The language to use for a choice of the settings; "system" asks the system."""
    if choice != "system":
        return choice
    return CHINESE if QLocale.system().name().startswith("zh") else ENGLISH


@cache
def translations(language_name: str) -> dict[str, str]:
    """The table of one language; empty for English and for a table that is missing or does not read."""
    table_path = resource("translations", f"{language_name}.json")
    if language_name == ENGLISH or not table_path.is_file():
        return {}
    try:
        table = json.loads(table_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        log.exception("the translation %s does not read", table_path)
        return {}
    return {str(key): str(value) for key, value in table.items() if value}


class _TableTranslator(QTranslator):
    """Looks texts up in a table; the context does not matter, one text has one translation."""

    def __init__(self, table: dict[str, str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table

    def isEmpty(self) -> bool:
        return not self._table

    def translate(self, context: str, source_text: str, disambiguation: str | None = None, n: int = -1) -> str | None:
        return self._table.get(source_text)


def install_language(choice: str) -> str:
    """Use the language of ``choice`` for everything made from now on; returns the language."""
    app = QCoreApplication.instance()
    assert app is not None
    for installed in _installed:
        app.removeTranslator(installed)
    _installed.clear()
    _language[0] = language_name = resolve_language(choice)
    if language_name != ENGLISH:
        # Qt's own texts (OK, Cancel, the file dialog), then ours, which is asked first.
        qt_translator = QTranslator(app)
        if qt_translator.load(f"qtbase_{language_name}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            _installed.append(qt_translator)
        _installed.append(_TableTranslator(translations(language_name), app))
        for translator in _installed:
            app.installTranslator(translator)
    return language_name
