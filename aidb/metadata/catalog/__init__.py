"""The catalog: from the journals of runs to tables that can be asked."""
