"""The feature types, a folder each: schema, codec, Keras layer, inference rule and docs of a type side by side."""
