"""Do the networks compute what the authors' own code computes? Golden cases, run and compared.

What each kind of case computes is in its system's `golden.py`; every expected output is compared.
"""

from __future__ import annotations

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
from engine.plain_data import read_json

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


def find_cases(paths: Iterable[Path]) -> list[Path]:
    """The JSON files of cases: all in a folder, or NAME.json, or the path of NAME without suffix.

    Raises BadFile for a path that names no case.
    """
    case_files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            folder_cases = [case_file for case_file in sorted(path.glob("*.json")) if _looks_like_a_case(case_file)]
            if not folder_cases:
                raise BadFile('The folder "{0}" has no golden cases (NAME.json with NAME.npz); choose another.', path)
            case_files += folder_cases
            continue
        case_file = path if path.suffix == ".json" else path.with_name(f"{path.name.removesuffix('.npz')}.json")
        if not case_file.is_file():
            raise BadFile('There is no golden case "{0}"; give a folder of cases or a NAME.json.', path)
        case_files.append(case_file)
    return list(dict.fromkeys(case_files))


def _looks_like_a_case(json_file: Path) -> bool:
    """A folder may hold other JSON files; whatever might be a case is one, so that a broken case is reported."""
    if json_file.with_suffix(".npz").exists():
        return True
    with suppress(BadFile):
        case_json = read_json(json_file)
        return isinstance(case_json, dict) and {"state", "inputs"} <= case_json.keys()
    return False


def run_case(case_file: Path) -> CaseResult:
    """Compute one case's outputs and compare them; `problem` says what cannot be compared."""
    start_time, case_name, difference, problem = time.perf_counter(), case_file.stem, math.nan, ""
    try:
        case = read_case(case_file)
        case_name = case.name
        difference = _difference(case, _outputs(case))
    except EngineError as error:
        problem = str(error)
    except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        reason = f"{type(error).__name__}: {error}"
        problem = f'"{case_file}" cannot be computed: its parts do not fit each other ({reason}).'
    return CaseResult(case_name, difference, time.perf_counter() - start_time, problem)


def _outputs(case: GoldenCase) -> Outputs:
    kind_name = case.config.get("model")
    known_kinds = kinds()
    if kind_name not in known_kinds:
        raise NotSupported('The kind "{0}" is not yet supported; update Tessera.', kind_name)
    state = {tensor_name: torch.from_numpy(array) for tensor_name, array in case.state().items()}
    inputs = {tensor_name: torch.from_numpy(array) for tensor_name, array in case.inputs().items()}
    with torch.inference_mode():
        return known_kinds[kind_name](case, state, inputs)


def _difference(case: GoldenCase, outputs: Outputs) -> float:
    """The largest absolute difference. Raises BadFile if an output is not computed or of another shape."""
    largest = 0.0
    for output_name, array in case.expected.items():
        expected = torch.from_numpy(array).double()
        if output_name not in outputs:
            raise NotSupported('The output "{0}" of "{1}" is not computed by this version.', output_name, case.name)
        computed = outputs[output_name].double()
        if computed.shape != expected.shape:
            raise BadFile(
                'The output "{0}" of "{1}" is {2}, expected {3}.',
                output_name, case.name, tuple(computed.shape), tuple(expected.shape),
            )
        difference = float((computed - expected).abs().max()) if expected.numel() else 0.0
        if math.isnan(difference):
            raise BadFile('The output "{0}" of "{1}" holds values that are not numbers.', output_name, case.name)
        largest = max(largest, difference)
    return largest
