"""Writes the catalogue of Keras components from the installed Keras; a tool of developers, in no command."""
