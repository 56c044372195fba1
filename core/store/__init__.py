"""What visitors have run, in a SQLite file. No Streamlit and no torch here, and workers never open the file."""
