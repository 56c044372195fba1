"""Runs as the pages know them: submitted, polled, commanded. Torch lives in the worker processes alone."""
