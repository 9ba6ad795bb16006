"""Where sockets meet services: admission, live sessions, the table of handlers."""
