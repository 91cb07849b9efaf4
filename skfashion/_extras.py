"""Packages that an extra installs: imported where they are used, so that all else works without them."""

import importlib

# What pip calls a package, where that is not what Python imports.
_DISTRIBUTIONS = {"PIL": "Pillow"}


def imported(name, *, extra, needed_by):
    """Import a package that an extra installs.

    Parameters
    ----------
    name : str
        The module, for instance ``"matplotlib.pyplot"``.
    extra : str
        The extra of skfashion that installs it.
    needed_by : str
        What needs it, as the error begins.

    Returns
    -------
    module
        The module.

    Raises
    ------
    ImportError
        If it, or what it imports, is missing; it says how to install both.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = (error.name or name).partition(".")[0]
        package = _DISTRIBUTIONS.get(package, package)
        raise ImportError(f'{needed_by} needs {package}: pip install "skfashion[{extra}]" brings it.') from error
