"""System metrics, sampled beside training: `system/cpu`, `system/memory`, `system/gpu0/…`.

They need `psutil` and, for GPUs of NVIDIA, `nvidia-ml-py`; without these, there are none.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aidb.tracking.run import Run

SECONDS = 10.0
_MIB = 1 << 20
_DRIVER = ("/dev/nvidiactl", "/dev/dxg")


class SystemMetrics:
    """Samples of this host and this process. Steps count the samples."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._step = 0
        self._process: Any = None
        self._gpus: list[Any] = []
        self._before: tuple[float, dict[str, float]] | None = None
        self._ready = False

    def sample(self) -> None:
        """Log how busy everything is now."""
        if not self._ready:
            self._ready = True
            self._prepare()
            return  # the first readings only say since when
        values = {**self._of_host(), **self._of_gpus()}
        if values:
            self._run._journal.points(values, self._step, time.time())
            self._step += 1

    def _prepare(self) -> None:
        with contextlib.suppress(ImportError):
            import psutil

            self._process = psutil.Process()
            self._process.cpu_percent()
            psutil.cpu_percent()
        self._gpus = gpu_handles()

    def _of_host(self) -> dict[str, float]:
        if self._process is None:
            return {}
        import psutil

        memory = psutil.virtual_memory()
        return {
            "system/cpu": psutil.cpu_percent(),
            "system/memory": memory.percent,
            "system/process/cpu": self._process.cpu_percent(),
            "system/process/memory_mib": self._process.memory_info().rss / _MIB,
            **self._rates(),
        }

    def _rates(self) -> dict[str, float]:
        """MiB per second read, written, received and sent since the last sample."""
        import psutil

        now, counts = time.monotonic(), dict[str, float]()
        if (disk := psutil.disk_io_counters()) is not None:
            counts |= {"disk_read": disk.read_bytes, "disk_write": disk.write_bytes}
        if (network := psutil.net_io_counters()) is not None:
            counts |= {"net_received": network.bytes_recv, "net_sent": network.bytes_sent}
        before, self._before = self._before, (now, counts)
        if before is None:
            return {f"system/{name}_mib_s": 0.0 for name in counts}
        seconds = max(now - before[0], 1e-3)
        return {
            f"system/{name}_mib_s": (count - before[1].get(name, count)) / seconds / _MIB
            for name, count in counts.items()
        }

    def _of_gpus(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for number, handle in enumerate(self._gpus):
            import pynvml

            with contextlib.suppress(pynvml.NVMLError):
                rates, memory = (
                    pynvml.nvmlDeviceGetUtilizationRates(handle),
                    pynvml.nvmlDeviceGetMemoryInfo(handle),
                )
                found[f"system/gpu{number}/busy"] = float(rates.gpu)
                found[f"system/gpu{number}/memory_mib"] = memory.used / _MIB
                found[f"system/gpu{number}/watts"] = pynvml.nvmlDeviceGetPowerUsage(handle) / 1000
                found[f"system/gpu{number}/celsius"] = float(pynvml.nvmlDeviceGetTemperature(handle, 0))
        return found


def gpu_handles() -> list[Any]:
    """NVIDIA's GPUs, as `pynvml` names them; none without the package or the driver."""
    if not any(map(os.path.exists, _DRIVER)):
        return []  # the package is long to load
    try:
        import pynvml

        pynvml.nvmlInit()
        return [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except ImportError:
        return []
    except pynvml.NVMLError:
        return []
