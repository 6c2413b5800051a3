"""Looking at the working tree and changing it, without ever following a symlink or overwriting somebody's work."""
