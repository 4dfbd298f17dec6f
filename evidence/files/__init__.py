"""The files of two versions: which there are, and what differs in one of them. Nothing here is run or unpacked."""
