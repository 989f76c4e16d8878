"""Jobs of several trainings in one process: ensembles and cross-validations; what is once for all, and what once each."""
