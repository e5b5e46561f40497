"""What can compute here: the CPU, each NVIDIA GPU, Apple's GPU; free memory, precision, seeded noise."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from engine.errors import BadRequest, NotSupported, OutOfMemory

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Device:
    """id: "cpu", "cuda:0", "mps"; name: for people; free_bytes: memory for a job now (0: unknown); half: whether it
    computes in 16 bits at its speed."""

    id: str
    name: str
    free_bytes: int
    half: bool = True


def list_devices() -> list[Device]:
    """All devices that torch can use, the CPU first. Imports torch; a GPU whose driver fails is left out."""
    import torch

    devices = [Device("cpu", cpu_name(), free_memory(), half=not emulates_half("cpu"))]
    with suppress(Exception):  # a broken driver must not keep anyone from using the CPU
        for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
            with suppress(Exception):
                free, _ = torch.cuda.mem_get_info(index)
                devices.append(Device(f"cuda:{index}", torch.cuda.get_device_name(index), int(free)))
    if torch.backends.mps.is_available():
        devices.append(Device("mps", "Apple GPU", free_memory()))  # it shares the machine's memory
    return devices


def emulates_half(device: str) -> bool:
    """Whether a device ("cpu", "cuda:N" ...) has no instructions for 16 bits: x86 processors without AVX-512 take
    minutes for what single precision does in a second."""
    import torch

    return device == "cpu" and torch.backends.cpu.get_cpu_capability() in ("AVX2", "DEFAULT")


def resolve(device: str = "auto") -> torch.device:
    """The torch device for "auto" (the GPU with most free memory, else the CPU) or an id like "cuda:0".

    Raises BadRequest for a word that is no device, NotSupported for one that this machine does not have.
    """
    import torch

    wanted = device.strip().lower()
    if wanted == "cpu":
        return torch.device("cpu")
    if wanted != "auto" and not re.fullmatch(r"cuda(:\d+)?|mps", wanted):
        raise BadRequest('"{0}" is not a device; use auto, cpu, cuda:0 or mps.', device)
    devices = list_devices()
    if wanted == "auto":
        gpus = sorted((d for d in devices if d.id.startswith("cuda")), key=lambda d: -d.free_bytes)
        return torch.device((gpus or [d for d in devices if d.id == "mps"] or devices)[0].id)
    wanted = "cuda:0" if wanted == "cuda" else wanted
    ids = [d.id for d in devices]
    if wanted not in ids:
        raise NotSupported('This computer has no device "{0}"; it has {1}.', device, ", ".join(ids))
    return torch.device(wanted)


# ---------------------------------------------------------------- precision, noise, memory


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that the device or the computer ran out of memory."""
    if isinstance(error, MemoryError | OutOfMemory):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def free_caches(device: torch.device | None = None) -> None:
    """Give cached GPU memory back. Does nothing for the CPU; never raises."""
    import torch

    with suppress(Exception):
        if device is None or device.type == "cuda":
            if torch.cuda.is_initialized():
                torch.cuda.empty_cache()
        if device is not None and device.type == "mps":
            torch.mps.empty_cache()


# ---------------------------------------------------------------- the machine


def cpu_name() -> str:
    """The processor's name as its maker writes it, and its number of cores: "AMD EPYC 7B13 (2 cores)"."""
    name = ""
    with suppress(OSError):
        if sys.platform.startswith("linux"):
            text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
            match = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
            name = match.group(1) if match else ""
        elif sys.platform == "darwin":
            name = _sysctl("machdep.cpu.brand_string")
    name = " ".join((name or platform.processor() or platform.machine() or "CPU").split())
    cores = usable_cores()
    return f"{name} ({cores} core{'s' if cores > 1 else ''})"


def usable_cores() -> int:
    """Cores that this process may use."""
    with suppress(AttributeError, OSError):  # not on macOS and Windows
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def free_memory() -> int:
    """Bytes of main memory that can be taken without swapping, within the limit of the container if there is one."""
    return min(psutil.virtual_memory().available, _left_in_container())


def _left_in_container() -> int:
    """Bytes that a container's limit (cgroup v2) leaves, unknown to psutil; very many where there is none."""
    with suppress(OSError, ValueError):
        folder = Path("/sys/fs/cgroup")
        limit = int((folder / "memory.max").read_text(encoding="ascii"))
        return max(0, limit - int((folder / "memory.current").read_text(encoding="ascii")))
    return 1 << 62


def _sysctl(key: str) -> str:
    command = ["/usr/sbin/sysctl", "-n", key]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout.strip()
