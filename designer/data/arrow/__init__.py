"""Tables of pyarrow, in which Hugging Face keeps data sets: their files, columns and pictures."""
