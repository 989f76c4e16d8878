"""Committed epochs: what a training is made of between two epochs, when it is put down, and how it is taken up again."""
