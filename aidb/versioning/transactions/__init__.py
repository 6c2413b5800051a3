"""Changing a branch without a workspace: what changes, what was looked at, and how both meet what others did meanwhile.

`Pending` is a version with changes on top, `Reads` what was seen of the version underneath, `land` makes a commit of
them and moves the branch. `aidb.transaction` is what people use.
"""
