"""Statistics as functions of arrays. They import nothing of ours."""
