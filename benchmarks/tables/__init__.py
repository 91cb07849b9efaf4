"""Tables of README.md and TABLES.md, made of ``benchmarks/results``."""
