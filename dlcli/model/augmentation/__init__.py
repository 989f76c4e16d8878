"""Batches changed in training, labels and weights with them: samples mixed, images and their masks moved."""
