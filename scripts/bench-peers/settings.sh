# What all servers and the benchmark have in common. Sourced, not run.

# Users 1 to 50 get mail; 51 to 60 are those of the workload pop3.
USERS=60
PASSWORD=benchpass
# argon2id of the password as `mailstead dev` makes it: 1 MiB, one pass, one
# lane, a salt of 16 and a hash of 32 octets. Dovecot takes it as it is.
PASSWORD_HASH='$argon2id$v=19$m=1024,t=1,p=1$YmVuY2gtcGVlcnMtc2FsdA$5OTXuPFSNFnd+IecHQTTxb15uLrEeaeq769HrKDA/Cg'

# Ports on 127.0.0.1. Only one server runs at a time, so all have the same.
SMTP=21025 SUBMISSION=21587 LMTP=21024 IMAP=21143 POP3=21110 SINK=21526

MAILSTEAD=${MAILSTEAD:-bin/mailstead}

# pid_files LABEL DIR: the files with the process ids of a server.
pid_files() {
	case $1 in
	mailstead) echo "$2/mailstead/pid" ;;
	*) echo "$2/dovecot/run/master.pid,$2/postfix/queue/pid/master.pid" ;;
	esac
}

# addresses LABEL DIR: the flags that tell mailbench where a server listens.
addresses() {
	local lmtp=127.0.0.1:$LMTP
	[ "$1" = mailstead ] || lmtp=$2/dovecot/lmtp
	echo "-smtp 127.0.0.1:$SMTP -submission 127.0.0.1:$SUBMISSION -lmtp $lmtp" \
		"-imap 127.0.0.1:$IMAP -pop3 127.0.0.1:$POP3 -password $PASSWORD"
}
