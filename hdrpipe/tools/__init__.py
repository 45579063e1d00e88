"""What is no stage: commands for people."""
