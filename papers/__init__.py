"""The paper's table: what others published, recomputed with this book's engine."""
