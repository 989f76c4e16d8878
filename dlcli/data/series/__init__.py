"""Rows as steps of series in time: their order, the windows over them, and what lies between and after the steps."""
