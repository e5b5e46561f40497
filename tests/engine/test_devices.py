"""Devices are listed and chosen; what is not there is said in one sentence."""

from __future__ import annotations

import pytest
import torch

from engine import devices
from engine.devices import Device, is_out_of_memory, list_devices, resolve
from engine.errors import BadRequest, NotSupported, OutOfMemory

CPU = Device("cpu", "A processor (2 cores)", 8 << 30)


def test_the_cpu_is_always_there_with_a_name_and_its_free_memory():
    first = list_devices()[0]
    assert first.id == "cpu"
    assert "core" in first.name
    assert 0 <= first.free_bytes < 1 << 50


def test_automatic_takes_the_gpu_with_most_free_memory(monkeypatch: pytest.MonkeyPatch):
    gpus = [Device("cuda:0", "A", 2 << 30), Device("cuda:1", "B", 6 << 30)]
    monkeypatch.setattr(devices, "list_devices", lambda: [CPU, *gpus])
    assert resolve() == torch.device("cuda:1")
    assert resolve("CUDA") == torch.device("cuda:0")
    assert resolve("cpu") == torch.device("cpu")
    monkeypatch.setattr(devices, "list_devices", lambda: [CPU, Device("mps", "Apple GPU", 0)])
    assert resolve("auto") == torch.device("mps")
    monkeypatch.setattr(devices, "list_devices", lambda: [CPU])
    assert resolve("auto") == torch.device("cpu")


def test_a_device_that_is_not_there_or_is_none_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(devices, "list_devices", lambda: [CPU])
    with pytest.raises(NotSupported, match='no device "cuda:3"; it has cpu'):
        resolve("cuda:3")
    with pytest.raises(BadRequest, match='"toaster" is not a device'):
        resolve("toaster")


def test_a_broken_driver_leaves_the_cpu(monkeypatch: pytest.MonkeyPatch):
    def broken() -> bool:
        raise RuntimeError("driver")

    monkeypatch.setattr(torch.cuda, "is_available", broken)
    assert [device.id for device in list_devices()][0] == "cpu"


def test_running_out_of_memory_is_recognised_in_all_its_forms():
    for error in (
        MemoryError(),
        OutOfMemory("x"),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        RuntimeError("MPS backend out of memory"),
    ):
        assert is_out_of_memory(error), error
    assert not is_out_of_memory(RuntimeError("shapes differ"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_freeing_caches_is_harmless_without_a_gpu():
    devices.free_caches()
    devices.free_caches(torch.device("cpu"))


@pytest.mark.gpu
def test_a_gpu_is_listed_with_its_free_memory():
    gpus = [device for device in list_devices() if device.id.startswith("cuda")]
    assert gpus and all(gpu.free_bytes > 0 and gpu.name for gpu in gpus)
    assert resolve("auto").type == "cuda"
    device = resolve("cuda:0")
    torch.zeros(1 << 20, device=device)
    devices.free_caches(device)
    try:
        torch.empty(1 << 50, dtype=torch.uint8, device=device)
    except RuntimeError as error:
        assert is_out_of_memory(error)
    else:
        pytest.fail("a petabyte was allocated")
