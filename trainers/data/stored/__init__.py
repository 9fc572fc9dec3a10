"""Datasets on disk: columns, a card, and how they are copied and replayed."""
