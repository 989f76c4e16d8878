"""Configs that are known to work, by name: `model: {preset: realmlp}`. A preset is a YAML file here, and no code.

A file has `about`, `arguments` with a default and a `doc` each, `by_target` with values that differ by what is
predicted (`number`, `category`, `categories`), and `config`: ordinary sections, in which `$name` stands for an argument
or such a value; one that is a list is put among the items of the list around it. `source` says whose recipe it is.
"""
