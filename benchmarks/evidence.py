"""Evidence of a published number: command, hardware, versions, commit."""

import json
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from skfashion._device import cpu_capabilities

RESULTS = Path(__file__).parent / "results"

_PACKAGES = (
    "skfashion",
    "scikit-learn",
    "skorch",
    "torch",
    "numpy",
    "scipy",
    "joblib",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "clustpy",
    "umap-learn",
)


def evidence():
    """Describe this run: enough to repeat it and to judge its times."""
    return {
        "command": command(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _git("rev-parse", "HEAD") or "unknown",
        "modified": bool(_git("status", "--porcelain", "--", "skfashion", "benchmarks/*.py")),
        **machine(),
    }


def machine():
    """Describe what this process computes on, and with."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "cpu_features": sorted(name for name, value in cpu_capabilities().items() if value is True and _matters(name)),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "versions": {name: number for name in _PACKAGES if (number := _version(name))},
    }


def write(name, results):
    """Write `results` with their evidence to ``benchmarks/results/NAME.json``, whole or not at all."""
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"evidence": evidence(), **results}, indent=2) + "\n"
    text = re.sub(r"\[[^][{}]*\]", lambda numbers: " ".join(numbers[0].split()), text)  # one line per list of numbers
    write_whole(path, text.encode())


def write_whole(path, content):
    """Write bytes to a file, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / path.name
        part.write_bytes(content)
        os.replace(part, path)


def write_for_processor(name, results):
    """Write `results` beside those of other processors: to ``benchmarks/results/NAME/PROCESSOR.json``."""
    write(f"{name}/{processor()}", results)


def read_of_processors(name):
    """The results that :func:`write_for_processor` wrote under this name, by processor."""
    return {path.stem: read(f"{name}/{path.stem}") for path in sorted((RESULTS / name).glob("*.json"))}


def processor():
    """What tells processors apart: the name, what decides on the speed of products, and the number of cores."""
    features = [feature for feature in evidence()["cpu_features"] if feature != "avx2"]
    return re.sub(r"[^a-z0-9_]+", "-", " ".join([_cpu(), *features, f"{os.cpu_count()} cores"]).lower()).strip("-")


def read(name):
    """The results that :func:`write` wrote under this name; an empty dict if there are none yet."""
    path = RESULTS / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} holds no results: {error}. Restore it, or remove it.") from error


def command():
    """The command that started this program; not valid in a child process of it."""
    spec = sys.modules["__main__"].__spec__
    return shlex.join(["python", "-m", spec.name if spec else Path(sys.argv[0]).stem, *sys.argv[1:]])


def _matters(feature):
    return feature.startswith(("amx", "avx2", "avx512_bf16", "avx512_f"))


def _git(*arguments):
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _cpu():
    return cpu_capabilities().get("cpu_name") or platform.processor()


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None
