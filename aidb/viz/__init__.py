"""Figures: query results drawn with plotly. The only package that imports it (`pip install 'aidb[viz]'`)."""
