"""A search: many trainings of one config, by any number of processes, whose results choose the next values."""
