"""Two runs side by side: their heads matched, both matrices and their difference, both rows."""
