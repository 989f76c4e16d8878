"""What a person wants to see of a run: one HTML page that opens anywhere, its plots as files, and a model card."""
