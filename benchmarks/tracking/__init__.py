"""Experiment tracking: aidb beside MLflow, W&B offline, Aim, Trackio and TensorBoard, in one run and one table.

    python -m benchmarks.tracking --quick --trackers .trackers-venv
    make bench-tracking

Words: a *tracker* is a tool that logs; a *point* is one number of one metric at one step; a *place* is where several
runs are kept. Each tracker is driven in its own Python by a module of `benchmarks.tracking.drivers`.
"""
