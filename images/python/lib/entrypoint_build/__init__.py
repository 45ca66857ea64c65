"""Installs the packages of a Python service while its image is built, and runs its build steps (README.md)."""
