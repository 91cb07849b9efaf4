"""Models outside of the notebook: files without code."""

from skfashion.persistence._saved import load, read_manifest, save

__all__ = ["load", "read_manifest", "save"]
