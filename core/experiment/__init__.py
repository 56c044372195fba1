"""An experiment: everything that determines a run, as data; with its one validator, its serialization and its changes."""
