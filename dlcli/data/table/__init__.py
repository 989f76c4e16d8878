"""What was read: the rows of each source in typed columns, each column with its role, in bounded memory."""
