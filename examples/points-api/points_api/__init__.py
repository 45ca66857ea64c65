"""Keeps loyalty points, which customers earn and spend."""
