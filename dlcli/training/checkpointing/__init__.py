"""Committed epochs: what a training is made of between two epochs, when it is kept, and how it is taken up."""
