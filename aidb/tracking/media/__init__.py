"""Things to look at and listen to: turned into files of common formats, which the run's folder keeps.

They are kept beside the journal and not committed: a call that logs a picture must cost no commit, and whoever copies
the folder of a run has its media.
"""
