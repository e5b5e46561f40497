"""The command line: `python3 run.py COMMAND`, installed as `tessera`.

Exit codes: 0 done, 1 a check failed, 2 the user's mistake, 3 a failure of Tessera's own or of the
machine, 130 interrupted. Nothing here imports torch before a command needs it, so `--help` is quick.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import typer

from engine.cli import (
    bench,
    data,
    edit,
    evaluate,
    importing,
    morph,
    parse,
    pictures,
    publish,
    render,
    request,
    train,
    verify,
    weights,
)
from engine.cli.common import (
    INTERRUPTED,
    OK,
    USER_MISTAKE,
    answer_nobody,
    cannot_answer,
    finish_answer,
    guarded,
    leave,
    open_streams,
)
from engine.program import program

app = typer.Typer(
    name="tessera",
    help="Paint a label map, give each region a style, get the picture: Tessera without its window.",
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "render": render.render,
    "morph": morph.morph,
    "edit": edit.edit,
    "inpaint": pictures.inpaint,
    "make": pictures.make,
    "text": pictures.text,
    "parse": parse.parse,
    "request": request.request,
    "import": importing.import_weights,
    "data": data.data,
    "train": train.train,
    "publish": publish.publish,
    "verify": verify.verify,
    "evaluate": evaluate.evaluate,
    "weights": weights.weights,
}
for _name, _function in _COMMANDS.items():
    app.command(_name)(guarded(_function))
_GROUPS: dict[str, typer.Typer] = {"bench": bench.app}
for _name, _group in _GROUPS.items():
    app.add_typer(_group, name=_name)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command; leaves with SystemExit and an exit code of the table above."""
    open_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        typer.main.get_command(app).main(words or ["--help"], prog_name=program(), standalone_mode=False)
        finish_answer()
    except typer.Abort:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:  # the reader of the answer (head, less) has gone, which is no failure
        answer_nobody()
    except SystemExit as ending:
        if not isinstance(ending.__context__, BrokenPipeError):  # rich, which writes help texts, ends with 1 then
            raise
    except OSError as error:  # of a help text: what commands raise is a sentence by now
        leave(str(cannot_answer(error)), USER_MISTAKE)
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer's own click is private: known by its method
            raise
        leave(_usage_sentence(error.format_message(), words), USER_MISTAKE)
    raise SystemExit(OK)


_WRONG_NUMBER = re.compile(r"Invalid value for '(?P<option>[^']+)': Input should be (?P<what>.+)$")
_PLAIN_WORDS = {
    "greater than or equal to": "a number of at least",
    "less than or equal to": "a number of at most",
    "a valid integer": "a whole number",
    "a valid number": "a number",
}


def _plain(problem: str) -> str:
    """What typer says of a wrong number, in words."""
    matched = _WRONG_NUMBER.match(problem.rstrip("."))
    expected = matched["what"].partition(",")[0] if matched else ""
    for jargon, plain in _PLAIN_WORDS.items():
        if matched and expected.startswith(jargon):
            return f"{matched['option']} takes {plain}{expected[len(jargon) :]}"
    return problem


def _usage_sentence(problem: str, words: list[str]) -> str:
    problem = _plain(problem.strip())
    command = words[0] if words and words[0] in (*_COMMANDS, *_GROUPS) else ""
    help_words = " ".join(filter(None, [program(), command, "--help"]))
    return f"{problem.strip().rstrip('.')}; {help_words} tells what there is."
