import gzip
import struct
import textwrap

import numpy as np
import pytest
from idx import idx_bytes
from processes import run_python

from skfashion.datasets import read_idx

CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("compress", [False, True])
def test_reads_back_what_was_written(tmp_path, dtype, compress):
    array = np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(dtype)
    content = idx_bytes(array, CODES[dtype])
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if compress else content)
    read = read_idx(path)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype.newbyteorder("=")
    assert read.flags.writeable
    assert read.flags.c_contiguous


GOOD = idx_bytes(np.zeros((2, 3), np.uint8))
BAD = {
    "empty": (b"", "too short for an IDX file"),
    "magic": (b"\x01" + GOOD[1:], "is not an IDX file"),
    "type": (GOOD[:2] + b"\x07" + GOOD[3:], "unknown IDX type 0x07"),
    "no dimensions": (GOOD[:3] + b"\x00", "has 0 dimensions"),
    "many dimensions": (GOOD[:3] + b"\xff" + b"\x00\x00\x00\x01" * 255 + b"\x00", "has 255 dimensions"),
    "cut header": (GOOD[:9], "ends inside the sizes"),
    "short": (GOOD[:-1], "too short: its body has 5 bytes"),
    "long": (GOOD + b"\x00", "too long"),
    "huge": (GOOD[:4] + b"\xff" * 8, "max_bytes"),
    "empty and huge": (GOOD[:3] + b"\x03" + b"\x00" * 4 + b"\xff" * 8, "max_bytes"),
    "overflow": (GOOD[:3] + b"\x08" + b"\xff" * 32, "max_bytes"),
    "cut gzip": (gzip.compress(GOOD)[:-4], "damaged gzip"),
    "broken gzip": (b"\x1f\x8b" + b"\x00" * 40, "damaged gzip"),
    "changed gzip": (gzip.compress(GOOD)[:-8] + b"\x00" * 8, "damaged gzip"),
}


@pytest.mark.parametrize("name", BAD)
def test_malformed_file_is_named(tmp_path, name):
    content, message = BAD[name]
    path = tmp_path / "file-idx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as info:
        read_idx(path)
    assert "file-idx" in str(info.value)


@pytest.mark.slow
def test_checks_hold_without_assertions(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(GOOD[:-1])
    code = (
        "from skfashion.datasets import read_idx\n"
        f"try:\n    read_idx({str(path)!r})\nexcept ValueError:\n    print('ok')"
    )
    assert run_python(code, "-O") == "ok\n"


def test_announced_size_is_not_allocated(tmp_path):
    """A few bytes that announce a gigabyte cost almost nothing."""
    path = tmp_path / "file"
    path.write_bytes(GOOD[:3] + b"\x01" + struct.pack(">I", 10**9))
    code = textwrap.dedent(f"""
        import tracemalloc
        from skfashion.datasets import read_idx
        tracemalloc.start()
        try:
            read_idx({str(path)!r})
        except ValueError:
            print(tracemalloc.get_traced_memory()[1])
    """)
    assert int(run_python(code)) < 10 * 2**20


def test_a_gzip_bomb_stops_at_the_announced_size(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(GOOD + b"\x00" * 10**8))
    with pytest.raises(ValueError, match="too long"):
        read_idx(path)


def test_max_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(GOOD)
    assert read_idx(path, max_bytes=6).shape == (2, 3)
    with pytest.raises(ValueError, match="max_bytes=5"):
        read_idx(path, max_bytes=5)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing")
