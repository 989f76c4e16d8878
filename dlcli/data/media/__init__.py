"""Files that cells name, opened side by side, and the pixels of pictures. Names Pillow, and alone does."""
