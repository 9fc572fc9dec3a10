"""Where transitions come from: datasets on disk, and the making of those that can be made here."""
