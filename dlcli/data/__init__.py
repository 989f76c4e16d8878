"""From files to samples: read, typed, divided, fitted on the training rows, encoded. Knows no model.

`stages.py` has the steps, whose results can be kept; `prepare.py` takes them all, or the cache; `inputs.py` is for
new rows.
"""
