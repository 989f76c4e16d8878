"""What would train, and is not meant: lint. Every rule is a module, of whose name its own is made; `rules` finds them.

The rules here look at the config and at what is known of its data; those in `data/lint/` look at the rows, and those
in `evaluation/lint/` at the trained model. A new rule is a new module in one of their folders, and nothing else.
"""
