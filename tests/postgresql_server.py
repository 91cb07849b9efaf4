"""A PostgreSQL server of a test's own, at a socket in a folder of its own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote_plus

USER, PASSWORD = "searcher", "p:w/d#{secret}%"  # which an address holds escaped


def server_programs():
    """The paths of ``initdb`` and ``pg_ctl``; None where one is missing."""
    paths = [shutil.which(name) for name in ("initdb", "pg_ctl")]
    return paths if all(paths) else None


class PostgreSQLServer:
    """A server that is started, restarted and stopped; its files are gone when it is left.

    The server refuses to run as root, so that another user runs it then.
    """

    def __enter__(self):
        self._initdb, self._pg_ctl = server_programs()
        self._user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a short path, as a socket needs one
        try:
            if self._user:
                shutil.chown(self._folder, "nobody", "nogroup")
            self._folder.chmod(0o755)
            self._make_database()
            self.start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        return self

    def __exit__(self, *reason):
        try:
            self.stop()
        finally:
            shutil.rmtree(self._folder)

    def _make_database(self):
        password = self._folder / "password"
        password.write_text(PASSWORD)
        arguments = ["-U", USER, f"--pwfile={password}", "-A", "scram-sha-256", "--no-sync"]
        self._run(self._initdb, "-D", self._folder / "data", *arguments)

    def _run(self, *command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, timeout=60, **self._user)

    def _control(self, *command):
        self._run(self._pg_ctl, "-D", self._folder / "data", "-w", *command)

    def start(self):
        settings = f"-k {self._folder} -c listen_addresses='' -c fsync=off"
        self._control("-l", self._folder / "log", "-o", settings, "start")

    def stop(self):
        """As an administrator does who does not wait for clients."""
        self._control("-m", "fast", "stop")

    def execute(self, statement, database="postgres"):
        """Run a statement, and return the rows that it gives."""
        import psycopg

        with psycopg.connect(self.address(database, driver=""), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def address(self, database, password=PASSWORD, driver="+psycopg"):
        return f"postgresql{driver}://{USER}:{quote_plus(password)}@/{database}?host={self._folder}"
