"""What each photo of a run measured, in a folder, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.errors import BadFile, BadRequest
from engine.files import make_folder, read_bytes, read_text, write_bytes, write_text
from engine.metrics.edits import Measured

Array = np.ndarray
ByJob = dict[str, dict[str, Measured]]
"""What one photo measured: by a job's name, then by method. Jobs that the photo has no case of are missing."""
SUBJECT_FILE = "measuring.json"
SCALARS = 3
"""Numbers of a picture beside its features: code distance, mean colour off, share touched beyond the region."""


class KeptMeasurements:
    """A folder of measurements, one file a photo.

    subject: all that decides them (weights, photos, edits), as plain data for JSON. How a composition is made is not
    in it: who changes that measures in a new folder.

    Raises:
        BadRequest: the folder holds measurements of another subject. BadFile: it cannot be made or read.
    """

    def __init__(self, folder: Path, subject: Mapping[str, Any]) -> None:
        self._folder = make_folder(folder)
        text = json.dumps(subject, ensure_ascii=False, indent=1) + "\n"
        subject_file = self._folder / SUBJECT_FILE
        if not subject_file.exists():
            write_text(subject_file, text)
        elif read_text(subject_file) != text:
            raise BadRequest('"{0}" keeps measurements of other weights, photos or edits; choose a new folder.', folder)

    def read(self, photo: int) -> ByJob | None:
        """What the photo of that number measured; None where it is not there. Raises BadFile."""
        path = self._path(photo)
        if not path.exists():
            return None
        by_job: ByJob = {}
        try:
            with np.load(io.BytesIO(read_bytes(path)), allow_pickle=False) as arrays:
                for key in arrays.files:
                    job, method = key.split("|")
                    by_job.setdefault(job, {})[method] = _measured(arrays[key])
        except (ValueError, TypeError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
            raise BadFile('"{0}" is damaged; delete it, and its photo is measured again.', path) from error
        return by_job

    def write(self, photo: int, by_job: ByJob) -> None:
        """Keep what the photo of that number measured. Raises BadFile."""
        arrays = {
            f"{job}|{method}": _as_array(measured)
            for job, by_method in by_job.items()
            for method, measured in by_method.items()
        }
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_bytes(self._path(photo), buffer.getvalue())

    def _path(self, photo: int) -> Path:
        return self._folder / f"{photo:05}.npz"


def _as_array(measured: Measured) -> Array:
    """(SCALARS + D,) float64; NaN for a number that was not measured."""
    scalars = (measured.code_distance, measured.mean_off, measured.beyond)
    known = [np.nan if number is None else number for number in scalars]
    return np.concatenate([known, measured.features.double().numpy().ravel()])


def _measured(array: Array) -> Measured:
    code_distance, mean_off, beyond = (None if np.isnan(number) else float(number) for number in array[:SCALARS])
    features = torch.from_numpy(array[None, SCALARS:]).float()
    return Measured(features, code_distance, mean_off or 0.0, beyond)
