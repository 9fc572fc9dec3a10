"""Turns results into statistics, tables and figures. Of a sweep's files it changes only the disposable index."""
