"""What training asks of the system: pages of memory, once and not in every batch."""

import platform
import textwrap

import pytest
from processes import run_python


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have rules of their own")
@pytest.mark.parametrize("step", ["fit", "predict"])
def test_batches_use_the_memory_of_those_before(step):
    code = textwrap.dedent(f"""
        import resource
        import numpy as np
        from skfashion.neural_network import CNNClassifier

        def faults():
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

        X, y = np.zeros((2000, 784), np.uint8), np.arange(2000) % 10
        cnn = CNNClassifier("single", batch_size=200, max_epochs=1, random_state=0).fit(X, y)
        for images in (X, np.tile(X, (4, 1))):
            before = faults()
            cnn.{step}(images, *([np.arange(len(images)) % 10] if "{step}" == "fit" else []))
            print(faults() - before)
    """)
    few, many = map(int, run_python(code, OMP_NUM_THREADS="2").split())
    pages_of_a_batch = 200 * 40 * 24 * 24 * 4 // 4096  # what its one convolution computes, in float32
    more_batches = (8000 - 2000) // 200
    assert (many - few) / more_batches < pages_of_a_batch / 4
