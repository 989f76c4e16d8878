"""The cache directory and the files in it: found by content, checked byte by byte, safe among processes."""
