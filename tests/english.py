"""Finds English that code puts together on its way into a sentence for the user, where no translation can reach it.

A sentence is a literal template; what stands in its places are names, numbers and other messages. An f-string, a
sum or a join with English words in it is neither. It is looked for in each argument of `Message`, of the errors and
of `tr`, through local names, appended lists, functions of the same module that return it, and parameters: where a
parameter ends in a message, every call of that function is looked at as well.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

WORDS = re.compile(r"[A-Za-z]{2,}\W* |[ (][A-Za-z]{2,}")
TAG = re.compile("<[^>]*>?")
TEXT_FREE = {"details", "form"}  # arguments that no user reads
PASSED_ON = {"as_sentence", "str", "repr", "join", "format"}  # calls whose result is made of their arguments

REPORTERS = {"progress", "on_progress", "report"}  # (share, text): the editor shows the text
ANY_WORD = re.compile("[A-Za-z]{2,}")

Places = Mapping[str, str]
"""Sources by the name that a finding gives them."""


@cache
def tree_of(source: str) -> ast.Module:
    """A source, parsed once for all who look through it."""
    return ast.parse(source)


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def built_english(sources: Places, makers: set[str]) -> list[str]:
    """Lines "place:line words" for English that is built in an argument of one of the makers."""
    modules = {place: _module(place, source) for place, source in sources.items()}
    carriers: dict[str, set[str]] = defaultdict(set)  # function -> parameters that end in a message
    findings: set[str] = set()
    count = -1
    while count != sum(map(len, carriers.values())):  # until no further parameter turns up
        count = sum(map(len, carriers.values()))
        parameters = {
            module.key_of(name): signature
            for module in modules.values()
            for name, signature in module.signatures.items()
        }
        for module in modules.values():
            findings |= set(module.findings(makers, carriers, parameters))
    return sorted(findings)


def plain_reports(sources: Places, makers: set[str]) -> list[str]:
    """Lines "place:line words" for progress whose text is English of its own: no message, and nothing translated."""
    modules = [_module(place, source) for place, source in sources.items()]
    return sorted({line for module in modules for line in module.plain_reports(makers)})


def translated_early(sources: Places, makers: set[str], translators: set[str]) -> list[str]:
    """Lines "place:line call" for messages that are made of translated words, whole or in a part: a message is
    translated where it is shown, once, by its template."""
    modules = [_module(place, source) for place, source in sources.items()]
    return sorted({line for module in modules for line in module.translated_early(makers, translators)})


class _Module:
    """One source, its functions and what they return."""

    def __init__(self, place: str, tree: ast.Module) -> None:
        self.place = place
        self.functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        self.signatures = {
            function.name: [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
            for function in self.functions
        }
        self.returned = {
            function.name: [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
            for function in self.functions
        }
        self.scopes = [  # name, calls, values of local names
            (getattr(scope, "name", ""), list(_own_calls(scope)), _values_by_name(scope))
            for scope in (tree, *self.functions)
        ]

    def key_of(self, function_name: str) -> str:
        """A private function is known in its own module only."""
        return f"{self.place}:{function_name}" if function_name.startswith("_") else function_name

    def findings(
        self, makers: set[str], carriers: dict[str, set[str]], parameters: Mapping[str, list[str]]
    ) -> Iterator[str]:
        for scope_name, calls, values in self.scopes:
            own_parameters = set(self.signatures.get(scope_name, ()))
            for call in calls:
                for argument in self._text_arguments(call, makers, carriers, parameters):
                    for part in self._parts(argument, values, makers):
                        if isinstance(part, ast.Name) and part.id in own_parameters:
                            carriers[self.key_of(scope_name)].add(part.id)
                        elif isinstance(part, ast.Constant):
                            yield f"{self.place}:{call.lineno} {part.value!r}"

    def plain_reports(self, makers: set[str]) -> Iterator[str]:
        for _, calls, values in self.scopes:
            for call in calls:
                texts = [*call.args[1:], *(word.value for word in call.keywords if word.arg == "text")]
                for text in texts if called(call) in REPORTERS else []:
                    for part in self._parts(text, values, makers, words=ANY_WORD):
                        if isinstance(part, ast.Constant):
                            yield f"{self.place}:{call.lineno} {part.value!r}"

    def translated_early(self, makers: set[str], translators: set[str]) -> Iterator[str]:
        for _, calls, values in self.scopes:
            for call in calls:
                if called(call) not in makers:
                    continue
                words = [word.value for word in call.keywords if word.arg not in TEXT_FREE]
                for part in (part for argument in [*call.args, *words] for part in ast.walk(argument)):
                    explained = values.get(part.id, []) if isinstance(part, ast.Name) else []
                    for node in (node for origin in [part, *explained] for node in ast.walk(origin)):
                        if isinstance(node, ast.Call) and called(node) in translators:
                            yield f"{self.place}:{call.lineno} {called(call)}"

    def _text_arguments(
        self, call: ast.Call, makers: set[str], carriers: Mapping[str, set[str]], parameters: Mapping[str, list[str]]
    ) -> Iterator[ast.expr]:
        """The arguments of a call that a user reads; a literal template is none of them."""
        name = called(call)
        if name in makers:
            for index, argument in enumerate(call.args):
                if index or not isinstance(argument, ast.Constant):
                    yield argument
            yield from (keyword.value for keyword in call.keywords if keyword.arg not in TEXT_FREE)
        elif name in PASSED_ON and isinstance(call.func, ast.Attribute):  # tr("...").format(argument)
            if isinstance(call.func.value, ast.Call) and called(call.func.value) in makers:
                yield from call.args
        elif (key := self.key_of(name)) in carriers:
            names = parameters[key]
            offset = 1 if names[:1] in (["self"], ["cls"]) else 0
            for index, argument in enumerate(call.args):
                if index + offset < len(names) and names[index + offset] in carriers[key]:
                    yield argument
            yield from (keyword.value for keyword in call.keywords if keyword.arg in carriers[key])

    def _parts(
        self,
        node: ast.expr,
        values: Mapping[str, list[ast.expr]],
        makers: set[str],
        seen: frozenset[str] = frozenset(),
        words: re.Pattern[str] = WORDS,
    ) -> Iterator[ast.expr]:
        """Names that nothing local explains, and constants with `words`, that an argument is put together from."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and words.search(TAG.sub("", node.value)):
                yield node
            return
        if isinstance(node, ast.Name):
            if node.id not in values:
                yield node
            inner = values.get(node.id, []) if node.id not in seen else []
            seen |= {node.id}
        elif isinstance(node, ast.Call):
            inner = []
            if called(node) in PASSED_ON:
                receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
                inner = [*receiver, *node.args]
            elif called(node) not in makers and isinstance(node.func, ast.Name) and node.func.id not in seen:
                inner = self.returned.get(node.func.id, [])
                values, seen = {}, seen | {node.func.id}
        elif isinstance(node, ast.Compare | ast.Subscript | ast.Attribute):
            inner = [node.value] if isinstance(node, ast.Subscript) else []
        elif isinstance(node, ast.IfExp):
            inner = [node.body, node.orelse]
        else:
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        for child in inner:
            yield from self._parts(child, values, makers, seen, words)


@cache
def _module(place: str, source: str) -> _Module:
    return _Module(place, tree_of(source))


def _own_calls(function: ast.AST) -> Iterator[ast.Call]:
    """Calls in a function (or a module), those of functions inside it left to them."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, ast.FunctionDef):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from _own_calls(child)


def _values_by_name(function: ast.AST) -> dict[str, list[ast.expr]]:
    """What a function's local names are bound to, items appended to them included."""
    values: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    values[target.id].append(node.value)
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    for element, value in zip(target.elts, node.value.elts):
                        if isinstance(element, ast.Name):
                            values[element.id].append(value)
        elif isinstance(node, ast.Call) and called(node) == "append" and isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name):
                values[node.func.value.id].append(node.args[0])
    return dict(values)
