"""A target that is an input: autoencoders learn it as it is, language models one step ahead."""
