"""The same engine without a browser: a file per command."""
