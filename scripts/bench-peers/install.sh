#!/usr/bin/env bash
# Installs packages of Debian with servers; without arguments those that
# bench-peers measures, and strace. Nothing is started, neither now nor at the next boot, and nothing is
# done where all is there.
set -euo pipefail

packages=("$@")
[ $# -gt 0 ] || packages=(postfix dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd strace)

missing=()
for package in "${packages[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
		missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

[ "$(id -u)" -eq 0 ] || {
	echo "install.sh: run as root to install ${missing[*]}" >&2
	exit 1
}
echo "installing ${missing[*]}"

# Packages ask this script whether they may start their services. One that is
# there already is its owner's: it stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends --no-remove "${missing[@]}"

command -v systemctl >/dev/null || exit 0
for service in postfix dovecot; do
	[[ " ${missing[*]} " != *" $service"[\ -]* ]] || systemctl disable "$service" || true
done
