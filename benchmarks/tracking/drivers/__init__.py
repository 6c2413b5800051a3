"""One module for each tracker: how a person logs with it, and how they read back what is there.

They run in the tracker's own Python, so they import nothing of the project but each other; `drive.py` takes the steps.
"""
