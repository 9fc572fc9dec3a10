"""Statistics as functions of arrays. They import no other folder of this project."""
