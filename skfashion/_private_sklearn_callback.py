"""How callbacks of scikit-learn reach the process of the user from those of workers, beyond its public API.

Last tried with scikit-learn 1.9.0 and 1.9.1.

Imported from here:

- `close_listener`, `open_listener`, `send`: messages of a callback, by which scikit-learn's own callbacks work too
"""

from sklearn.callback._transport import close_listener, open_listener, send

__all__ = ["close_listener", "open_listener", "send"]
