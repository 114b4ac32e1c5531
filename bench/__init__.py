"""Benchmarks: the service beside its floors, in one run."""
