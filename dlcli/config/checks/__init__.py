"""What callbacks want of a History, and what several rules of lint know of layers."""
