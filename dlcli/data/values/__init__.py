"""The values of cells, whatever they came from: made what their column is to hold, or refused with the first fault.

Which of them count as empty (`marks`), and which only look like numbers (`codes`). Knows arrays, and no files' formats.
"""
