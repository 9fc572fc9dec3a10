"""Where machines come from: one class for each word that `backend` may be in a cluster file."""
