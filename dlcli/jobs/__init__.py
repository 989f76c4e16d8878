"""A job, from the config to the run directory: checked, prepared, run."""
