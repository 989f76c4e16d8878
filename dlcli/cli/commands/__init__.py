"""The commands, a module each: options in, a call of the API, words out."""
