"""Run code in a process of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

# The peak of getrusage outlives exec, so that a child would inherit its parent's; VmHWM belongs to the process image.
PEAK_MB = """
def peak_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
"""


def run_python(code, *options, **environment):
    """Run `code` and return what it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("NUM_THREADS")}
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, *options, "-c", PEAK_MB + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**inherited, "PYTHONPATH": root, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
