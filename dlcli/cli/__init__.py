"""The commands: options in, words out. The only room that knows of a terminal."""
