"""Run code in a process of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]

# The peak of getrusage outlives exec, so that a child would inherit its parent's; VmHWM belongs to the process image.
PEAK_MB = """
def peak_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
"""


def start_python(code, *options, **environment):
    """Start a process that runs `code` with options of the interpreter, on one thread unless `environment` says more.

    Tests share the cores with each other; a child with a thread for every core would slow them all down. None removes a
    variable.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen(
        [sys.executable, *options, "-c", PEAK_MB + textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in environment.items() if value is not None},
    )


def run_python(code, *options, **environment):
    """Run `code` and return what it printed."""
    process = start_python(code, *options, **environment)
    printed, errors = process.communicate()
    assert process.returncode == 0, errors
    return printed
