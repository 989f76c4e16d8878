"""What a look at data shows of it: its first rows as they were meant, and all rows of the columns that need it."""
