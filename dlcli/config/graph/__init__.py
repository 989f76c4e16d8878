"""The list of layers as a graph: written out, named, its words resolved, sorted so that inputs come first."""
