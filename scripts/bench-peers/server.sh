#!/usr/bin/env bash
# Starts and stops one of the servers that bench-peers measures.
#
#     server.sh start|stop|restart mailstead|maildir|mdbox DIR
#
# FSYNC is Dovecot's mail_fsync: optimized, unless it is set to always.
# All that a server writes is in DIR. Only processes that were started from
# here are ever signalled: the pid files are in DIR too.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/settings.sh"
action=$1 label=$2 dir=$3

# fill FILE: the file with @NAME@ replaced.
fill() {
	sed -e "s|@DIR@|$dir|g; s|@FORMAT@|$label|g; s|@SINK@|$SINK|g" \
		-e "s|@FSYNC@|${FSYNC:-optimized}|g" \
		-e "s|@SMTP@|$SMTP|g; s|@SUBMISSION@|$SUBMISSION|g" \
		-e "s|@IMAP@|$IMAP|g; s|@POP3@|$POP3|g" "$1"
}

# users FORMAT: a line for each user.
users() {
	for ((i = 1; i <= USERS; i++)); do printf "$1\n" "u$i@example.test"; done
}

# wait_port PORT: until something accepts connections there.
wait_port() {
	for ((i = 0; i < 200; i++)); do
		(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
		sleep 0.05
	done
	echo "server.sh: $label does not answer on port $1; its logs are in $dir" >&2
	return 1
}

# end PIDFILE: end a process, and wait until it is gone.
end() {
	[ -s "$1" ] || return 0
	local pid
	pid=$(tr -d ' ' <"$1")
	kill -TERM "$pid" 2>/dev/null || return 0
	for ((i = 0; i < 600; i++)); do
		kill -0 "$pid" 2>/dev/null || { rm -f "$1" && return; }
		sleep 0.05
	done
	kill -KILL "$pid"
}

start_mailstead() {
	mkdir -p "$dir/mailstead"
	users "%s $PASSWORD" >"$dir/mailstead/users"
	setsid "$MAILSTEAD" dev --data "$dir/mailstead/data" --users "$dir/mailstead/users" \
		--smtp "$SMTP" --submission "$SUBMISSION" --lmtp "$LMTP" --imap "$IMAP" --pop3 "$POP3" \
		--imaps 0 --pop3s 0 --submissions 0 --metrics 0 \
		--relay "127.0.0.1:$SINK" --log-level warn \
		>>"$dir/mailstead/log" 2>&1 </dev/null &
	echo $! >"$dir/mailstead/pid"
	wait_port "$IMAP"
}

start_dovecot() {
	mkdir -p "$dir/dovecot/run" "$dir/dovecot/state" "$dir/mail"
	chown mail:mail "$dir/mail"
	users "%s:{ARGON2ID}$PASSWORD_HASH" >"$dir/dovecot/users"
	fill "$here/dovecot/dovecot.conf" >"$dir/dovecot/dovecot.conf"
	dovecot -c "$dir/dovecot/dovecot.conf"
	wait_port "$IMAP"
}

start_postfix() {
	mkdir -p "$dir/postfix/etc" "$dir/postfix/queue" "$dir/postfix/data"
	chown postfix "$dir/postfix/data"
	users "%s ok" >"$dir/postfix/recipients"
	fill "$here/postfix/main.cf" >"$dir/postfix/etc/main.cf"
	fill "$here/postfix/master.cf" >"$dir/postfix/etc/master.cf"
	postfix -c "$dir/postfix/etc" start 2>>"$dir/postfix/log"
	wait_port "$SMTP"
}

start() {
	case $label in
	mailstead) start_mailstead ;;
	*) start_dovecot && start_postfix ;;
	esac
}

stop() {
	case $label in
	mailstead) end "$dir/mailstead/pid" ;;
	*)
		end "$dir/postfix/queue/pid/master.pid"
		end "$dir/dovecot/run/master.pid"
		;;
	esac
}

case $action in
start) start ;;
stop) stop ;;
restart) stop && start ;;
*) sed -n '2,8s/^# \?//p' "$0" >&2 && exit 2 ;;
esac
