"""Where rows come from: a folder for each file format, and what they share."""
