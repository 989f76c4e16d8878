"""The file system as everybody else uses it: files replaced whole, and locks; and texts fit for a terminal."""
