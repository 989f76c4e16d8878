"""The file system as others use it: files replaced whole, and known again; locks; folders; texts for a terminal."""
