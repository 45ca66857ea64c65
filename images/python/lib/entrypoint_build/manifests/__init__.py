"""What the files of a service say, without running anything."""
