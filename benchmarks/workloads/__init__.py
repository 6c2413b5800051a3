"""Seeded data to measure with: 100,000 small files, one large checkpoint, and a run of checkpoints.

Each module is also a command (`python -m benchmarks.workloads.small_files make FOLDER …`), so that the process
which measures never loads NumPy. The same seed gives the same bytes wherever it runs.
"""
