"""What a run computes on: devices, processes, and the precision that they can compute in."""

from __future__ import annotations

import logging

import lightning_fabric

from engine.devices import emulates_half, is_out_of_memory
from engine.errors import Message, TrainingError
from engine.training.recipe import Precision
from engine.training.run.one_host import OneHost, started_by_others, talk_on_loopback

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it would print the precision it uses


def usable_precision(precision: Precision, device: str) -> Precision:
    """The precision that a run on that device ("cpu", "cuda:N" ...) computes in when `precision` was asked for.

    Processors that emulate 16 bits compute in "32-true" instead; for "16-mixed" Fabric would take bfloat16 there.
    """
    return "32-true" if precision != "32-true" and emulates_half(device) else precision


def precision_notes(asked: Precision, usable: Precision) -> tuple[Message, ...]:
    """What a user should know where a run cannot compute in the precision that was asked for."""
    if asked == usable:
        return ()
    return (Message("This processor computes {0} many times slower than {1}: training runs in {1}.", asked, usable),)


def make_fabric(precision: Precision, device: str = "cpu", devices: int = 1, hosts: int = 1) -> lightning_fabric.Fabric:
    """What a run computes with. Several processes are started here unless torchrun did; those of one host listen on its
    loopback interface alone. Raises TrainingError.
    """
    accelerator, _, device_index = device.partition(":")
    several_processes = devices * hosts > 1
    one_gpu = accelerator == "cuda" and not several_processes
    fabric_devices: list[int] | int = [int(device_index or 0)] if one_gpu else devices
    strategy: str | OneHost = "ddp" if several_processes else "auto"
    if several_processes and hosts == 1:
        talk_on_loopback()
        strategy = "ddp" if started_by_others() else OneHost()
    try:
        fabric = lightning_fabric.Fabric(
            accelerator="gpu" if accelerator == "cuda" else accelerator,
            devices=fabric_devices,
            num_nodes=hosts,
            strategy=strategy,
            precision=precision,
        )
        if several_processes:
            fabric.launch()
    except (RuntimeError, ValueError) as error:
        if is_out_of_memory(error):
            raise
        raise TrainingError(
            "Training on {0} devices of {1} hosts cannot start: {2}.",
            devices, hosts, first_line(error), details=repr(error),
        ) from error
    return fabric


def first_line(error: Exception) -> str:
    """What an error of a library says, as a part of a sentence."""
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
