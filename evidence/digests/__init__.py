"""The digests of the files of versions: the bytes that were approved are the bytes that are served, or it says so."""
