"""Loyalty points are earned and spent."""
