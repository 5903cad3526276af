"""Decoding pictures in processes, into memory that they share with the training, and on disk.

`decoders` has the processes, a `store` the decoded pictures of one part, `stores` those of a
training, and `cache` is the folder of decoded pictures on the disk.
"""
