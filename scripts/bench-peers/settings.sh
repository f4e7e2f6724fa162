# What all servers and the benchmark have in common. Sourced, not run.

USERS=50
PASSWORD=benchpass
# argon2id of the password as `mailstead dev` makes it: 1 MiB, one pass, one
# lane, a salt of 16 and a hash of 32 octets. Dovecot takes it as it is.
PASSWORD_HASH='$argon2id$v=19$m=1024,t=1,p=1$YmVuY2gtcGVlcnMtc2FsdA$5OTXuPFSNFnd+IecHQTTxb15uLrEeaeq769HrKDA/Cg'

# Ports on 127.0.0.1. Only one server runs at a time, so all have the same.
SMTP=21025 SUBMISSION=21587 LMTP=21024 IMAP=21143 POP3=21110 SINK=21526

MAILSTEAD=${MAILSTEAD:-bin/mailstead}
