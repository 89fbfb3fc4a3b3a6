"""Several runs compared: a table, learning curves, all that is known of one."""
