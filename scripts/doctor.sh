#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# `make doctor`: what a build needs, what of it is here, and how to get the rest. Installs and writes
# nothing. Ends with 0 if all is there, else with 69.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

usage() {
	cat <<-END
		usage: doctor.sh [--arch x86_64|arm64]...
		  --arch  look only at what this architecture takes; both without it
	END
}

main() {
	local archs='' groups
	while (($#)); do
		case $1 in
		--arch=*) set -- --arch "${1#*=}" "${@:2}" && continue ;;
		--arch)
			case ${2:-} in
			x86_64 | arm64) archs+=" $2" ;;
			aarch64) archs+=" arm64" ;;
			*) usage >&2 && exit 2 ;;
			esac
			shift
			;;
		-h | --help) usage && exit ;;
		*) usage >&2 && exit 2 ;;
		esac
		shift
	done
	archs=${archs:- x86_64 arm64}
	groups=" base$archs${archs// / debug-} lint editor check "

	BOLD='' GREEN='' RED='' YELLOW='' PLAIN=''
	if [[ -t 1 && ! ${NO_COLOR:-} ]]; then
		BOLD=$'\e[1m' GREEN=$'\e[32m' RED=$'\e[31m' YELLOW=$'\e[33m' PLAIN=$'\e[0m'
	fi
	load_tools
	show_tools "$groups"
	echo
	show_system
	echo
	if [[ $NEEDED ]]; then
		echo "${RED}missing:${PLAIN}${NEEDED%,}; a build gets what it needs itself, and \`scripts/setup.sh --lint\` gets it all"
		exit 69
	fi
	echo "${GREEN}all that is needed is there${PLAIN}"
}

# Prints the table and sets NEEDED to what is not there.
show_tools() {
	local name colour state fix path row="%-20s %-30s %-7s %-19s %s%-8s%s %s\n"
	NEEDED=''
	# shellcheck disable=SC2059 # the format of every row
	printf "$BOLD$row$PLAIN" tool for needed found '' '' '' 'path, or how to get it'
	for name in "${NAMES[@]}"; do
		in_groups "$name" "$1" || continue
		probe "$name"
		[[ $VERSION || ! -f $FOUND || ! -x $FOUND || $name == busybox* ]] || version_of "$FOUND" || true
		case $STATE in
		ok) colour=$GREEN state=ok path=$FOUND fix='' ;;
		old) colour=$RED state='too old' path='' fix="$(how_to_get "$name"); $FOUND is too old" ;;
		bad) colour=$RED state=bad path='' fix=$WHY ;;
		missing) colour=$RED state=missing path='' fix="$(how_to_get "$name")${WHY:+ ($WHY)}" ;;
		esac
		case $STATE-${GROUP[$name]} in
		ok-*) ;;
		*-debug-* | *-editor | *-check) colour=$YELLOW ;;
		*) NEEDED+=" $name," ;;
		esac
		# shellcheck disable=SC2059
		printf "$row" "$name" "${FOR[$name]}" "${NEEDS[$name]:-any}" "${VERSION:--}" \
			"$colour" "$state" "$PLAIN" "${path:-$fix}"
	done
}

show_system() {
	local free memory kvm place=$ROOT/build kernels=$ROOT/build

	if [[ $DISTRO ]]; then
		fact system "$DISTRO_NAME: the packages are known$([[ ", $TRIED," == *", $DISTRO,"* ]] && echo ' and tried' || echo ', but not tried')"
	else
		fact system "${DISTRO_NAME:-unknown}: its packages are not known here; the table says what to look for"
	fi
	fact '' "known: $(join "${DISTROS[@]}"); tried: $TRIED"

	if [[ $ROOT == *[[:space:]:]* ]]; then
		kernels=${XDG_CACHE_HOME:-${HOME:-}/.cache}/oopsarium
		fact path "$ROOT has a space or a colon, which kbuild cannot take: building in $kernels"
		[[ $kernels != *[[:space:]:]* ]] || fact '' "${RED}that has one too: set XDG_CACHE_HOME to a folder without${PLAIN}"
		place=$kernels
	fi
	fact tools "what is made here is kept in $TOOLS_DIR, for all clones"
	while [[ ! -d $place ]]; do place=${place%/*}; done
	free=$(df -Pk "$place" | awk 'NR == 2 { printf "%d", $4 / 1048576 }')
	fact disk "$free GiB free for $kernels, about $BUILD_GB GiB needed$( ((free >= BUILD_GB)) || echo " ${RED}(too little)${PLAIN}")"

	memory=$(awk '$1 == "MemAvailable:" { printf "%.1f", $2 / 1048576 }' /proc/meminfo)
	fact machine "$(uname -m), $(nproc) cores, $memory GiB of memory available"

	if [[ ! -e /dev/kvm ]]; then
		kvm="no /dev/kvm: guests are emulated, which is slower and otherwise the same"
	elif [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
		kvm="/dev/kvm is there, but $(id -un) may not use it (group $(stat -c %G /dev/kvm)): guests are emulated"
	else
		kvm="/dev/kvm is there; whether it works shows when a guest ran on it, and a run finds that out"
	fi
	fact kvm "$kvm"
}

fact() { printf '%-8s %s\n' "$1" "$2"; }

join() {
	local list
	printf -v list ', %s' "$@"
	echo "${list#, }"
}

main "$@"
