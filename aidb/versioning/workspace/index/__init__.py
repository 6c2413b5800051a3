"""The index file of a workspace: its bytes (`file`, `state`), what it means (`index`), and rows of `lstat` (`rows`)."""
