"""What the larger commands do: each takes one object of options, and prints how it went. Loaded only when a command runs."""
