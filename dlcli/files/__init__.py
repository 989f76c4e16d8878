"""The file system as everybody else uses it: files replaced whole, locks, which file it is, what a folder holds; texts for a terminal."""
