"""Dropout in recurrent networks: masks, cells, paths, training. Never imports streamlit."""
