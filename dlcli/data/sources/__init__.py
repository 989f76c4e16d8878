"""Where rows come from. A folder here is a format of files, found by `registry`; the modules are shared by all.

A new format is a folder with a `format.py` that says `FORMAT`, a `format.Format`; nothing else need know of it. What is
light (`format`, `registry`, `access`, `options`, `paths`, `peek`, `text`) imports neither NumPy nor pyarrow.
"""
