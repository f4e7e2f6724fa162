# What bench-peers measures. Sourced, not run. Each line is a run of mailbench:
# the command, a variant (a name for the report), how the server is started and
# flags. It goes on running ("-"), is started again and each user gets a
# message ("fresh"), or is started again with flag changes synced ("always",
# see dovecot.conf). The counts are for SCALE=1: N500 becomes 500 times SCALE.

workloads() {
	cat <<-END
		smtp-in      16-conns   -      -c 16 -n N500 -size 4KB -verify-all
		smtp-in      1-conn     -      -c 1 -n N300 -size 4KB -verify-all
		smtp-in      new-conn   -      -c 16 -n N300 -size 4KB -verify-all -new-conn
		smtp-in      5-rcpts    -      -c 16 -n N200 -size 4KB -verify-all -rcpts 5
		smtp-in      real-sizes -      -c 16 -n N300 -verify-all
		submission   16-conns   -      -c 16 -n N400 -size 4KB -verify-all
		lmtp         16-conns   -      -c 16 -n N500 -size 4KB -verify-all
		relay        16-conns   -      -c 16 -n N500 -size 4KB
		imap-append  1-conn     -      -c 1 -n N400 -size 4KB
		imap-append  8-conns    -      -c 8 -n N800 -size 4KB
		imap-append  8-conns    -      -c 8 -n N4000 -size 4KB -multi 25
		imap-select  10k        -      -n 10000 -size 4KB -restart-cmd RESTART
		imap-fetch   10k        -      -n 10000 -size 4KB
		imap-store   10k        always -n 10000 -size 4KB -single N400
		imap-copy    10k        -      -n 10000 -size 4KB
		imap-search  10k        -      -n 10000 -size 4KB
		pop3         10x1000    -      -n 1000 -size 4KB -c 2 -first-user 51 -users 10
		imap-login   8-conns    -      -c 8 -n N400
		imap-sync    8-conns    -      -c 8 -n N200 -size 4KB
		imap-idle    100        fresh  -c 8 -n 100 -rounds 4
		imap-idle    1000       fresh  -c 8 -n 1000 -rounds 0
		mixed        16-conns   always -c 16 -seconds N4
	END
	[ "$MODE" = quick ] || echo "imap-select 100k - -n 100000 -size 4KB -restart-cmd RESTART"
}
