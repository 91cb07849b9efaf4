"""The training engine: from a torch module, a task and plain settings to a trained skorch net.

It knows no estimator, and is the only package here that imports skorch.
"""

__all__ = []
