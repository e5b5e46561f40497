"""Do the networks compute what the authors' own code computes? Golden cases, run and compared.

What each kind of case computes is in its system's `golden.py`; every expected output is compared.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import BadFile, EngineError, NotSupported
from engine.golden.cases import GoldenCase, read_case
from engine.golden.kinds import Outputs, kinds

TOLERANCE = 1e-4
"""The largest absolute difference at which a case holds."""


@dataclass(frozen=True)
class CaseResult:
    """What a case showed.

    max_abs_diff: over all numbers of all outputs; nan if the case could not be compared.
    seconds: for drawing the weights, building the network and computing.
    problem: one sentence if the case could not be compared, else "".
    """

    name: str
    max_abs_diff: float
    seconds: float
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether every output is within the tolerance."""
        return self.max_abs_diff <= TOLERANCE  # False for nan


def verify(paths: Iterable[Path]) -> list[CaseResult]:
    """Run all cases that `paths` name. Raises BadFile if a path names none."""
    return [run_case(path) for path in find_cases(paths)]


def find_cases(paths: Iterable[Path]) -> list[Path]:
    """The JSON files of cases: all in a folder, or NAME.json, or the path of NAME without suffix.

    Raises BadFile for a path that names no case.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            cases = [file for file in sorted(path.glob("*.json")) if _looks_like_a_case(file)]
            if not cases:
                raise BadFile('The folder "{0}" has no golden cases (NAME.json with NAME.npz); choose another.', path)
            found += cases
            continue
        file = path if path.suffix == ".json" else path.with_name(f"{path.name.removesuffix('.npz')}.json")
        if not file.is_file():
            raise BadFile('There is no golden case "{0}"; give a folder of cases or a NAME.json.', path)
        found.append(file)
    return list(dict.fromkeys(found))


def _looks_like_a_case(path: Path) -> bool:
    """A folder may hold other JSON files; whatever might be a case is one, so that a broken case is reported."""
    if path.with_suffix(".npz").exists():
        return True
    with suppress(OSError, ValueError, RecursionError):
        spec = json.loads(path.read_text("utf-8"))
        return isinstance(spec, dict) and {"state", "inputs"} <= spec.keys()
    return False


def run_case(path: Path) -> CaseResult:
    """Compute one case's outputs and compare them; what cannot be compared is told in `problem`."""
    started, name, difference, problem = time.perf_counter(), path.stem, math.nan, ""
    try:
        case = read_case(path)
        name = case.name
        difference = _difference(case, _outputs(case))
    except EngineError as error:
        problem = str(error)
    except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        problem = f'"{path}" cannot be computed: its parts do not fit each other ({type(error).__name__}: {error}).'
    return CaseResult(name, difference, time.perf_counter() - started, problem)


def _outputs(case: GoldenCase) -> Outputs:
    model = case.config.get("model")
    known = kinds()
    if model not in known:
        raise NotSupported('The kind "{0}" is not yet supported; update Tessera.', model)
    state = {key: torch.from_numpy(array) for key, array in case.state().items()}
    inputs = {key: torch.from_numpy(array) for key, array in case.inputs().items()}
    with torch.inference_mode():
        return known[model](case, state, inputs)


def _difference(case: GoldenCase, outputs: Outputs) -> float:
    """The largest absolute difference. Raises BadFile if an output is not computed or of another shape."""
    worst = 0.0
    for name, array in case.expected.items():
        expected = torch.from_numpy(array).double()
        if name not in outputs:
            raise NotSupported('The output "{0}" of "{1}" is not computed by this version.', name, case.name)
        found = outputs[name].double()
        if found.shape != expected.shape:
            raise BadFile(
                'The output "{0}" of "{1}" is {2}, expected {3}.',
                name, case.name, tuple(found.shape), tuple(expected.shape),
            )
        difference = float((found - expected).abs().max()) if expected.numel() else 0.0
        if math.isnan(difference):
            raise BadFile('The output "{0}" of "{1}" holds values that are no numbers.', name, case.name)
        worst = max(worst, difference)
    return worst
