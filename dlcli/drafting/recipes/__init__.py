"""Which network, and how it learns: chosen by what is predicted, the rows and the features."""
