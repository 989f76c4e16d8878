"""CSV and its kin: any delimiter, encoding, header and way to write numbers, read block by block."""
