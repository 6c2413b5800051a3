"""Where a large file is cut into chunks, so that equal stretches become equal chunks."""
