"""How much memory Python and numpy take for a call."""

import tracemalloc


def peak_of(call):
    """Call it, and return the peak of what it allocates, in bytes; tracing ends in any case."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
