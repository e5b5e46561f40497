"""Processes of a run on one host: they find each other and exchange numbers on the loopback interface alone.

Left to themselves, torch's store listens on all interfaces, and gloo and NCCL on the one of the host's name, so that
a run on a laptop would be open to its network.
"""

from __future__ import annotations

import atexit
import os
import socket

import torch.distributed
from lightning_fabric.plugins.environments import (
    LightningEnvironment,
    LSFEnvironment,
    MPIEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)
from lightning_fabric.strategies import DDPStrategy

LOOPBACK = "127.0.0.1"
_LAUNCHERS = (TorchElasticEnvironment, SLURMEnvironment, LSFEnvironment, MPIEnvironment)
_INTERFACES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME", "TP_SOCKET_IFNAME")
"""What tells gloo, NCCL and tensorpipe where to listen."""


def talk_on_loopback() -> None:
    """Let libraries that connect processes listen on the loopback interface, unless the user chose another."""
    interfaces = [name for _, name in socket.if_nameindex() if name in ("lo", "lo0")]  # Linux's, macOS'
    for variable in _INTERFACES:
        if interfaces:
            os.environ.setdefault(variable, interfaces[0])


def started_by_others() -> bool:
    """Whether torchrun, or another launcher, started this process and says where the processes meet."""
    return "RANK" in os.environ or any(environment.detect() for environment in _LAUNCHERS)


class _Loopback(LightningEnvironment):
    """The processes of this host; the first one listens from the moment on that there is a port to tell."""

    def __init__(self) -> None:
        super().__init__()
        self.listener: socket.socket | None = None

    @property
    def main_address(self) -> str:
        return LOOPBACK

    @property
    def main_port(self) -> int:
        if self.listener is None and self.creates_processes_externally:
            return int(os.environ["MASTER_PORT"])  # a process that the first one started
        if self.listener is None:
            self.listener = socket.create_server((LOOPBACK, 0))
        return int(self.listener.getsockname()[1])


class OneHost(DDPStrategy):
    """Several processes on this host, one per device."""

    def __init__(self) -> None:
        self._loopback = _Loopback()
        super().__init__(cluster_environment=self._loopback)

    def setup_environment(self) -> None:
        """Join the other processes, before Lightning would have torch listen on all interfaces."""
        if not torch.distributed.is_initialized():
            self._join()
        super().setup_environment()

    def _join(self) -> None:
        port, rank, listener = self._loopback.main_port, self._loopback.local_rank(), self._loopback.listener
        store = torch.distributed.TCPStore(
            LOOPBACK,
            port,
            self.num_processes,
            is_master=rank == 0,
            master_listen_fd=None if listener is None else listener.detach(),
        )
        is_cuda = self.root_device.type == "cuda"
        if is_cuda:  # else NCCL would take the first device for every process
            torch.cuda.set_device(self.root_device)
        torch.distributed.init_process_group(
            "nccl" if is_cuda else "gloo",
            store=store,
            rank=rank,
            world_size=self.num_processes,
            timeout=self._timeout,
            device_id=self.root_device if is_cuda else None,
        )
        if is_cuda:
            atexit.register(torch.distributed.destroy_process_group)
