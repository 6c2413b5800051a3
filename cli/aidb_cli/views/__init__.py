"""How answers look: each view turns a result of the library into lines for a person and into JSON for a script."""
