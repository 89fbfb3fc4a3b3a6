"""What travels between modules and processes: frozen, numpy only, shapes in the docstrings. The ground floor."""
