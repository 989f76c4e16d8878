"""Pictures: files that a column names, or an array of pixels. Names Pillow, which decodes, and alone does."""
