"""How fast the engine is, as ratios to other ways of doing the same."""
