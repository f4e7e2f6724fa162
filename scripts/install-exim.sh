#!/usr/bin/env bash
# Unpacks Debian's Exim into bin/exim, for the tests that relay mail to it and
# from it. It is not installed, because Debian allows one mail server only, and
# that is Postfix here: nothing of it is set up or starts by itself. Does nothing
# where all is there.
set -euo pipefail

package=exim4-daemon-light
dir=$(cd "$(dirname "$0")/.." && pwd)/bin/exim
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)

# Its own user, without which the program does not run.
getent passwd Debian-exim >/dev/null || "${sudo[@]}" useradd --system --user-group \
	--no-create-home --home-dir /var/spool/exim4 --shell /usr/sbin/nologin Debian-exim

runs() { "$dir/usr/sbin/exim4" -C /dev/null -bV >/dev/null 2>&1; }
runs && exit 0

echo "unpacking $package into $dir"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download -q "$package" 2>/dev/null) || {
	"${sudo[@]}" apt-get update -q
	(cd "$work" && apt-get download -q "$package")
}
rm -rf "$dir"
mkdir -p "$dir"
dpkg-deb -x "$work"/"$package"_*.deb "$dir"
# It runs as who starts it, and not as root.
find "$dir" -perm /6000 -exec chmod ug-s {} +
runs && exit 0

mapfile -t libraries < <(apt-cache depends --no-recommends --no-suggests "$package" | sed -n 's/^  Depends: \(lib.*\)/\1/p')
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -q -y --no-install-recommends --no-remove "${libraries[@]}"
runs || {
	echo "install-exim.sh: $dir/usr/sbin/exim4 does not run" >&2
	exit 1
}
