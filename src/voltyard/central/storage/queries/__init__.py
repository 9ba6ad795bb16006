"""What people want to see of the database: functions over a reader's connection, page by page."""
