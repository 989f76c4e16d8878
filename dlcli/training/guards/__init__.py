"""What ends a training before its time: a signal, a loss that is no number, a run directory that is gone."""
