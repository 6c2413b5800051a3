"""Versions of a tree of files: manifests, commits, refs, merge, and the workspace a person edits."""
