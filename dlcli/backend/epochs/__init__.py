"""Whole epochs in one call: a training whose epoch fits into one stack is a compiled function of the epoch's number."""
