"""Worker threads: the latest-wins render lane, the work lane, the training thread."""
