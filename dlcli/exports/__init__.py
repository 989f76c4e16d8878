"""A trained model for other programs: written, reloaded in its own runtime, and proved equal to Keras."""
