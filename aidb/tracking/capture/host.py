"""The machine a run is on, and the few environment variables that change what it computes."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidb.tracking.capture.secrets import looks_secret, without_passwords
from aidb.tracking.journal.events import Stored
from aidb.tracking.system import gpu_handles

if TYPE_CHECKING:
    from aidb.tracking.capture.script import Keep

_ALLOWED = re.compile(
    r"(CUDA|CUBLAS|CUDNN|NCCL|NVIDIA|ROCR|HIP|HSA|OMP|MKL|OPENBLAS|NUMEXPR|KMP|GLOO|TORCH|TORCHELASTIC|PYTORCH|XLA|JAX|TF|"
    r"TOKENIZERS|ACCELERATE|DEEPSPEED|SLURM|PBS|LSB|OMPI|PMI)_[A-Z0-9_]+"
    r"|PYTHON(HASHSEED|PATH|OPTIMIZE|UTF8|WARNINGS)|VIRTUAL_ENV|CONDA_(DEFAULT_ENV|PREFIX)|LD_LIBRARY_PATH|PATH|TZ|LANG|LC_ALL"
    r"|(LOCAL_|GROUP_|NODE_)?RANK|(LOCAL_)?WORLD_SIZE|MASTER_(ADDR|PORT)|AIDB_[A-Z_]+"
)
_MOST = 4096
Found = tuple[dict[str, Any], tuple[Stored, ...]]


def environment(keep: Keep, folder: Path) -> Found:  # noqa: ARG001 - all parts take the same
    """Variables of the list, without those that look like secrets."""
    found = {
        name: without_passwords(value[:_MOST])
        for name, value in sorted(os.environ.items())
        if _ALLOWED.fullmatch(name) and not looks_secret(name)
    }
    return found, ()


def host(keep: Keep, folder: Path) -> Found:  # noqa: ARG001
    """Name, operating system and who runs it."""
    from aidb.versioning.identity import fallback_person

    return {
        "host": socket.gethostname(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "user": fallback_person().email.partition("@")[0],
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
    }, ()


def hardware(keep: Keep, folder: Path) -> Found:  # noqa: ARG001
    """Processor, memory and GPUs with their driver."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    values: dict[str, Any] = {"cpu": _cpu(), "cores": os.cpu_count(), "usable_cores": usable}
    with contextlib.suppress(ValueError, OSError):
        values["memory_bytes"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    handles = gpu_handles()
    if handles:
        import pynvml

        values["driver"] = _text(pynvml.nvmlSystemGetDriverVersion())
        values["gpus"] = [
            {
                "name": _text(pynvml.nvmlDeviceGetName(handle)),
                "memory_bytes": pynvml.nvmlDeviceGetMemoryInfo(handle).total,
            }
            for handle in handles
        ]
    return values, ()


def _cpu() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
