"""Where machines come from. There is one class for each word that `backend` may be in a cluster file."""
