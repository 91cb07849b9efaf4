"""Where training curves are shown while models are trained: the output of a notebook's cell, or a terminal."""

import io
import multiprocessing
import shutil
import sys

from skfashion.inspection._text_chart import text_chart


def screen_here():
    """The screen of this process; None in a worker, which has none of its own."""
    if multiprocessing.current_process().name != "MainProcess":
        return None
    return NotebookScreen() if _in_a_notebook() else TerminalScreen(sys.stdout)


def _in_a_notebook():
    """Whether this process is the kernel of a notebook; IPython is imported there."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookScreen:
    """An output of the cell that runs, which is replaced by each new picture."""

    def __init__(self):
        self.handle = None

    def show(self, display, *, last):
        """Show the curves of a display: each time in a figure of its own, of which pyplot knows nothing."""
        from IPython.display import Image
        from IPython.display import display as show
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 4.0))
        display._draw_live(figure.subplots())
        png = io.BytesIO()
        figure.savefig(png, format="png", bbox_inches="tight")
        picture = Image(data=png.getvalue())
        if self.handle is None:
            self.handle = show(picture, display_id=True)
        else:
            self.handle.update(picture)


class TerminalScreen:
    """A chart of text that takes the place of the one before; where nothing can be replaced, the last one only."""

    def __init__(self, stream):
        self.stream = stream
        self.n_lines = 0

    def show(self, display, *, last):
        """Print the curves of a display."""
        if not (last or self.stream.isatty()):
            return
        columns = shutil.get_terminal_size().columns
        lines = [
            line[: columns - 1]
            for line in text_chart(**display._curves(), width=max(20, min(60, columns - 30)), height=12)
        ]
        back = f"\x1b[{self.n_lines}A\x1b[J" if self.n_lines else ""
        self.stream.write(back + "\n".join(lines) + "\n")
        self.stream.flush()
        self.n_lines = len(lines)
