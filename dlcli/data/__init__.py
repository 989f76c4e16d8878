"""From files to samples: read, typed, divided, fitted on the training rows, encoded. Knows no model."""
