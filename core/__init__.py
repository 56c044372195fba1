"""Dropout in recurrent networks: masks, cells, paths, training. Never imports streamlit."""

import os

# NumPy's products are small here: a second thread mostly waits, on a core that trains. Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
