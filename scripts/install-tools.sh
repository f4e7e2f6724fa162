#!/usr/bin/env bash
# Installs from Debian's packages what `make test` drives: real mail clients and
# servers, and a C compiler for the race detector. Does nothing where all is
# there.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)

declare -A packages=(
	[swaks]=swaks [mbsync]=isync [fetchmail]=fetchmail [mutt]=mutt
	[offlineimap]=offlineimap3 [imapfilter]=imapfilter [getmail]=getmail6 [mpop]=mpop
	[curl]=curl [openssl]=openssl [gcc]=gcc [testssl]=testssl.sh [python3]=python3
)

missing=()
for tool in "${!packages[@]}"; do
	command -v "$tool" >/dev/null || missing+=("${packages[$tool]}")
done
# Without this Perl module swaks knows no TLS.
perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl)
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
if [ ${#missing[@]} -gt 0 ]; then
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	"${sudo[@]}" apt-get update -q
	"${sudo[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" libc6-dev
fi

# The other mail servers: Postfix is installed without being started, Exim is
# only unpacked.
"${sudo[@]}" "$here/bench-peers/install.sh" postfix
"$here/install-exim.sh"
