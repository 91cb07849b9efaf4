"""The storage of a study: a file or a server that several processes may open at the same time."""

import re
import time
from contextlib import contextmanager
from functools import partial

from skfashion.model_selection._space import load_optuna

# Seconds between attempts to open a database while others make its tables.
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)

# How long a server that was there may be away: longer than it takes to restart.
_SECONDS_AWAY = 60.0


class Address(str):
    """The address of a storage; its ``repr`` has no password.

    Its ``str`` does, as whatever opens the storage asks for that.
    """

    def __repr__(self):
        text = re.sub(r"(?<=://)([^:@/]*):.*@", r"\1:***@", self, flags=re.DOTALL)
        return repr(re.sub(r"([?&](?:\w*pass\w*|odbc_connect)=)[^&]*", r"\1***", text))


@contextmanager
def opened_storage(storage):
    """What Optuna takes for the `storage` of a search. Connections to a server are closed at the end.

    Raises
    ------
    optuna.exceptions.StorageInternalError
        If the storage cannot be opened or fails later, with what its driver says.
    """
    errors = load_optuna().exceptions
    is_server = isinstance(storage, str) and not storage.startswith("sqlite")
    if isinstance(storage, str):
        storage = _of_server(storage) if is_server else _made(storage)
    try:
        yield storage
    except errors.StorageInternalError as error:
        raise errors.StorageInternalError(
            f"The storage of the study failed: {_reason(error)}\nFinished trials are kept: fit again to resume."
        ) from error
    finally:
        if is_server:
            storage.engine.dispose()


def _of_server(address):
    url, dialect = _parsed(address)
    # What Optuna and SQLAlchemy know of the address, and may show, has no password.
    shown = url.set(password=None, query={}).render_as_string()
    return _made(shown, engine_kwargs={"creator": _Connector(dialect, url), "pool_pre_ping": True})


def _parsed(address):
    """The parts of an address, and what SQLAlchemy knows of such databases. No error shows a password."""
    from sqlalchemy.engine import make_url  # which Optuna brings
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or ""):
        raise ValueError(
            "The storage is not an address such as 'postgresql+psycopg://user:password@host:5432/database', in which "
            "special characters of user and password are escaped by urllib.parse.quote_plus."
        )
    dialect = url.get_dialect()
    try:
        return url, dialect(dbapi=dialect.import_dbapi())
    except ImportError as error:
        driver = url.get_driver_name()
        hint = 'pip install "skfashion[postgresql]" brings it' if driver == "psycopg" else "install it"
        raise ImportError(f"The storage needs the driver {driver}: {hint}.") from error


class _Connector:
    """Connects to a server, and waits for one that was there and is away, as it is while it restarts."""

    def __init__(self, dialect, url):
        self._connect = dialect.dbapi.connect
        self._arguments = dialect.create_connect_args(url)
        self._is_away = dialect.dbapi.OperationalError
        self._was_there = False

    def __call__(self):
        positional, named = self._arguments
        patience = time.monotonic() + _SECONDS_AWAY
        while True:
            try:
                connection = self._connect(*positional, **named)
            except self._is_away:
                if not self._was_there or time.monotonic() > patience:
                    raise
                time.sleep(1)
            else:
                self._was_there = True
                return connection


def _made(address, **settings):
    """Open a database, also while other processes make the tables in it."""
    optuna = load_optuna()
    from sqlalchemy.exc import DBAPIError

    make = partial(optuna.storages.RDBStorage, address, **settings)
    try:
        for seconds in _PAUSES:
            try:
                return make()
            except (DBAPIError, optuna.exceptions.StorageInternalError) as error:
                cause = error if isinstance(error, DBAPIError) else error.__cause__
                if getattr(cause, "statement", None) is None:
                    raise  # it is the connection that failed, and another attempt may lock an account
            time.sleep(seconds)
        return make()
    except (DBAPIError, optuna.exceptions.StorageInternalError) as error:
        message = f"The storage of the study cannot be opened: {_reason(error)}"
        raise optuna.exceptions.StorageInternalError(message) from error


def _reason(error):
    """What the driver of a database says, if it is one."""
    return next((e.orig for e in (error, error.__cause__) if hasattr(e, "orig")), error.__cause__ or error)
