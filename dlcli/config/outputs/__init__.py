"""Outputs meet targets: which learns what, with which activation, loss and metrics, in which form."""
