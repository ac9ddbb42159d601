"""Where entities come from: folders and files, runs, conflicts."""
