"""The Python interface: what `import recipe_sweep` offers. It may use everything else, and nothing else uses it."""
