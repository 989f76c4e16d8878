"""What people write out of habit, from other tools or in other notations, and what it is called here.

A new word goes into the table of `words.py`; where keys live follows from the schema.
"""
