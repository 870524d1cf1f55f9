"""What the numbers were measured on."""

from __future__ import annotations

import importlib.metadata
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from transloop_model.catalog import ModelFile


def describe(model: ModelFile) -> dict[str, Any]:
    """The machine, versions and the model's digest."""
    return {
        **here(),
        "llama-cpp-python": importlib.metadata.version("llama-cpp-python"),
        "model": model.id,
        "model_sha256": model.digest(),
    }


def here() -> dict[str, Any]:
    """Processor, memory and versions, for what needs no model."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=False),
        "threads": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "transloop": importlib.metadata.version("transloop"),
        "load_average_before": round(psutil.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
