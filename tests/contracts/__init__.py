"""What is true of every member of a protocol, whoever adds one."""
