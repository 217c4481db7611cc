"""What every connector stands on: the HTTP layer, fields with types, the landing zone, reading and loading.

A connector itself is a folder in `ingestion/sources`; its README there says how one is made.
"""
