"""Where releases lie: release sites, flat directories, Debian's pool, a directory on this host."""
