"""Rows stream in, predictions stream out, in the same order and number and in bounded memory."""
