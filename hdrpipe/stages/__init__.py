"""The stages of the workflow: functions over files."""
