"""Training: loss, optimizer, evaluation, checkpoints (torch); and the events and commands of a run, without torch."""
