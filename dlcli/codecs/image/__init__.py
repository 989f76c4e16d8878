"""Pictures: files that a column names, or an array of pixels."""
