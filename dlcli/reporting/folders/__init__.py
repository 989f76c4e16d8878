"""The reports of folders of several runs: ensembles, cross-validations and sweeps."""
