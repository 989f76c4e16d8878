"""The values of a document against the schema and the catalogue: what does not fit becomes problems for people."""
