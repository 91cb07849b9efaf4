"""Long runs: speed against peers, accuracy on real data. Run as ``python -m benchmarks.NAME`` from the checkout."""
