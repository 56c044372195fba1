"""Pure functions from arrays to figures: plain data for Plotly, and SVG."""
