"""Jobs of several trainings in one process: ensembles and cross-validations."""
