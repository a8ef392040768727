# Filled in with the host.
