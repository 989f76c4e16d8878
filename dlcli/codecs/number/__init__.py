"""Numbers: a column, several as a vector or tensor, or an array of any rank."""
