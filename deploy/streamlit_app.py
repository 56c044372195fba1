"""The app for hosts that take the dependency file beside the entry point, such as Streamlit Community Cloud: with the
requirements of this folder, which name PyTorch's CPU build. Everything else is ../app.py."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # `streamlit run` puts this file's folder there, and the app's packages lie above it

app = st.App(ROOT / "app.py")
