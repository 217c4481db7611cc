"""`kerncijfers metric`: what an analyst does with one metric. Reads a release; writes nothing but a metric's folder."""
