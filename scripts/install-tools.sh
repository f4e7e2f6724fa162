#!/usr/bin/env bash
# Installs from Debian's packages what `make test` drives: real mail clients,
# and a C compiler for the race detector. Does nothing where all is there.
set -euo pipefail

declare -A packages=(
	[swaks]=swaks [mbsync]=isync [fetchmail]=fetchmail [mutt]=mutt
	[offlineimap]=offlineimap3 [imapfilter]=imapfilter [getmail]=getmail6 [mpop]=mpop
	[curl]=curl [openssl]=openssl [gcc]=gcc
)

missing=()
for tool in "${!packages[@]}"; do
	command -v "$tool" >/dev/null || missing+=("${packages[$tool]}")
done
# Without this Perl module swaks knows no TLS.
perl -MNet::SSLeay -e 1 2>/dev/null || missing+=(libnet-ssleay-perl)
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing ${missing[*]}"
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -q
"${sudo[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" libc6-dev
