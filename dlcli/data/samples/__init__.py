"""Encoded samples: made once, kept in memory or in files, handed out in batches."""
