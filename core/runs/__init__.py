"""The runs of the server as the pages use them: submit, poll, command. Only the worker processes load torch."""
