"""Sounds: WAV files that a column names, as samples of one rate and length."""
