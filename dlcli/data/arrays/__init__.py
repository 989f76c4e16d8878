"""Arrays in files, whatever the format: what their headers say, and their rows block by block."""
