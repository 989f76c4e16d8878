"""Films: folders of frames or moving pictures that a column names, or an array of their pixels."""
