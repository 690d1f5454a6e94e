#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Finds what a build needs, gets what is missing and writes build/tools.env (KEY=value lines, read by
# make and by the runner). Every make invocation calls it: with nothing to do it ends in milliseconds
# without a word. The table of tools is in tools.sh.

set -euo pipefail
HERE=${BASH_SOURCE[0]%"${BASH_SOURCE[0]##*/}"}
# shellcheck source-path=SCRIPTDIR source=tools.sh
source "${HERE:-./}tools.sh"

LOGS=$ROOT/build/logs
TEMPS=()   # removed however this ends
UPDATED='' # set when apt's lists are fresh
AHEAD=''   # the tar that unpacks the kernel's source meanwhile
AHEAD_DIR=$ROOT/build/source-ahead

usage() {
	cat <<-END
		usage: setup.sh [--arch x86_64|arm64]... [--lint] [--debug] [--editor] [--check]
		  --arch    what building for this architecture and booting it takes; both without it
		  --lint    what the lints of make check take, too
		  --debug   what make debug takes, too
		  --editor  what make rust-analyzer takes, too
		  --check   what make check can go without, too, where that is easily had
		NO_INSTALL=1 only says what is missing. Tools can be chosen by environment variables:
		  ${OVERRIDES[*]}
	END
}

main() {
	local name
	local -a archs=() extra=()
	while (($#)); do
		case $1 in
		--arch=*) set -- --arch "${1#*=}" "${@:2}" && continue ;;
		--arch)
			case ${2:-} in
			x86_64 | arm64) archs+=("$2") ;;
			aarch64) archs+=(arm64) ;;
			*) die 2 "--arch: unknown architecture \"${2:-}\"; known: x86_64, arm64" ;;
			esac
			shift
			;;
		--lint | --debug | --editor | --check) extra+=("${1#--}") ;;
		-h | --help) usage && exit ;;
		*) die 2 "unknown argument \"$1\"; --help tells what there is" ;;
		esac
		shift
	done
	((${#archs[@]})) || archs=(x86_64 arm64)
	WANTED=(base "${archs[@]}")
	for name in "${extra[@]}"; do
		[[ $name == debug ]] && WANTED+=("${archs[@]/#/debug-}") || WANTED+=("$name")
	done

	load_tools
	read_env
	! is_current || exit 0

	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	mkdir -p "$TOOLS_DIR" "$LOGS" || die 69 "cannot write to $TOOLS_DIR and $LOGS, where set-up keeps things"
	exec 9>"$OUT/setup.lock"
	if ! flock -n 9; then
		say "another set-up is at work here; waiting for it"
		flock 9
		read_env # it may have done all of this
		! is_current || exit 0
	fi
	rm -rf "$TOOLS_DIR"/tmp.* # of one that was killed

	probe_all
	get_packages
	for name in "${MISSING[@]}"; do
		[[ $name == bindgen || $name == busybox* || ${PACKAGES[$name]} == +unpack* ]] || still_missing "$name"
	done
	for name in "${MISSING[@]}"; do
		case $name in
		rust-src) unpack_rust_src "${PACKAGES[$name]#+unpack }" ;;
		bindgen) build_bindgen ;;
		busybox*) fetch_busybox "${name#* }" ;;
		esac
	done
	((${#MISSING[@]} == 0)) || probe_all
	for name in "${MISSING[@]}"; do still_missing "$name"; done
	get_optional
	write_env
}

say() { echo "setup: $*" >&2; }

die() {
	local code=$1
	shift
	say "$@"
	exit "$code"
}

still_missing() {
	die 69 "$1 is still missing${WHYS[$1]:+ (${WHYS[$1]})}; see $LOGS/setup-*.log and \`make doctor\`"
}

cleanup() {
	if [[ $AHEAD ]]; then
		kill "$AHEAD" 2>/dev/null || true
		wait "$AHEAD" || true
		TEMPS+=("$AHEAD_DIR")
	fi
	rm -rf "${TEMPS[@]}"
}

wanted() { in_groups "$1" "${WANTED[*]}"; }

# Whether nothing but make check asks for it, which then goes without.
optional() {
	local group
	for group in ${GROUP[$1]//+/ }; do
		[[ $group == check || " ${WANTED[*]} " != *" $group "* ]] || return
	done
	in_groups "$1" check
}

has_come() { type -P "$1" || type -P "${PACKAGES[$1]}"; } >/dev/null

# --- build/tools.env ---

declare -A OLD=() # what it holds

read_env() {
	local key value chosen
	OLD=()
	for key in "${OVERRIDES[@]}"; do # a relative path holds in the caller's folder only
		[[ ${!key:-/} == /* || (${!key} != */* && $key != KERNEL_SRC) ]] || export "$key=$PWD/${!key}"
	done
	[[ -f $ENV_FILE ]] || return 0
	while IFS='=' read -r key value; do
		OLD[$key]=$value
	done <"$ENV_FILE"
	for key in "${OVERRIDES[@]}"; do
		chosen=${!key:-}
		# A make that exports what it read from there chooses nothing by that.
		if [[ $chosen && $chosen == "${OLD[$key]:-}" && ";${OLD[SETUP_CHOSEN]:-}" != *";$key="* ]]; then
			unset "$key"
		fi
	done
}

# The caller's choices as one line.
choices() {
	local key
	CHOICES=''
	for key in "${OVERRIDES[@]}"; do
		[[ ! ${!key:-} ]] || CHOICES+="$key=${!key};"
	done
}

# Whether the file answers all that is wanted, and still holds: nothing is run to find out.
is_current() {
	local name group key value
	[[ $ENV_FILE -nt $ROOT/scripts/setup.sh && $ENV_FILE -nt $ROOT/scripts/tools.sh ]] || return
	choices
	[[ $CHOICES == "${OLD[SETUP_CHOSEN]:-}" ]] || return
	for group in "${WANTED[@]}"; do
		[[ " ${OLD[SETUP_HAS]:-} " == *" $group "* ]] || return
	done
	for name in "${NAMES[@]}"; do
		wanted "$name" || continue
		key=${KEY[$name]}
		if [[ $key ]]; then
			value=${OLD[$key]:-}
			# What was not to be had may have come since.
			if [[ ! $value ]] && optional "$name" && ! has_come "$name"; then continue; fi
			[[ $value && ($value != /* || -e $value) ]] || return
		elif [[ $name != libelf ]]; then
			type -P "$name" >/dev/null || return
		fi
	done
	case ${OLD[LLVM]} in
	-*) type -P "clang${OLD[LLVM]}" "ld.lld${OLD[LLVM]}" >/dev/null || return ;;
	esac
	[[ ! $ENV_FILE -ot ${OLD[KERNEL_SOURCE]}.sha256 &&
		$(kernel_stamp "${OLD[KERNEL_SOURCE]}") == "${OLD[SETUP_KERNEL]:-}" ]]
}

# Changes with the file, whatever time a download gave it.
kernel_stamp() { stat -Lc '%s-%Z' -- "$1"; }

# What was there for groups not wanted now has been probed again, so all the values fit together.
write_env() {
	local tmp=$ENV_FILE.new name group has='' text=''
	TEMPS+=("$tmp")
	for group in base x86_64 arm64 lint debug-x86_64 debug-arm64 editor check; do
		[[ ! ${PROBED[$group]:-} || ${LACKING[$group]:-} ]] || has+=" $group"
	done
	choices
	for name in "${!VALUE[@]}"; do
		[[ ${VALUE[$name]} != *[\#\$\\]* && ${VALUE[$name]} != *$'\n'* ]] ||
			die 69 "$name: the path \"${VALUE[$name]}\" has a character that make would change (# \$ \\)"
	done
	for name in "${NAMES[@]}"; do
		[[ ! ${VALUE[${KEY[$name]:-none}]:-} ]] || text+="${KEY[$name]}=${VALUE[${KEY[$name]}]}"$'\n'
	done
	text+="SETUP_HAS=${has# }"$'\n'"SETUP_CHOSEN=$CHOICES"$'\n'
	text+="SETUP_KERNEL=$(kernel_stamp "${VALUE[KERNEL_SOURCE]}")"
	if ! echo "$text" >"$tmp" || ! mv -f "$tmp" "$ENV_FILE"; then
		die 69 "cannot write $ENV_FILE: is the disk full?"
	fi
}

# --- what is missing ---

# Probes the groups wanted and those in tools.env; fills MISSING with the names of wanted tools that
# are not there, and WHYS.
probe_all() {
	local name group
	declare -gA PROBED=() LACKING=() WHYS=()
	MISSING=() OPTIONAL=()
	hash -r
	for name in "${NAMES[@]}"; do
		wanted "$name" || in_groups "$name" "${OLD[SETUP_HAS]:-}" || continue
		for group in ${GROUP[$name]//+/ }; do
			# Others of a group that nobody asks for are not looked at.
			[[ " ${WANTED[*]} ${OLD[SETUP_HAS]:-} " != *" $group "* ]] || PROBED[$group]=1
		done
		probe "$name"
		[[ $STATE != ok ]] || continue
		[[ $STATE != bad ]] || ! wanted "$name" || die 69 "$name: $WHY"
		for group in ${GROUP[$name]//+/ }; do
			[[ $group == check ]] || LACKING[$group]=1
		done
		if optional "$name"; then
			OPTIONAL+=("$name")
			continue
		fi
		wanted "$name" || continue
		MISSING+=("$name")
		WHYS[$name]=$WHY
		[[ $STATE != old ]] || WHYS[$name]="$VERSION is too old, ${NEEDS[$name]} is needed"
	done
}

# Installs the packages for what is MISSING, or says what root must do. What is made here comes later.
get_packages() {
	local name package list='' unknown=''
	local -a packages=()
	((${#MISSING[@]})) || return 0
	for name in "${MISSING[@]}"; do
		list+=", $name${WHYS[$name]:+ (${WHYS[$name]})}"
	done
	say "missing: ${list#, }"
	rm -f "$LOGS"/setup-*.log
	for name in "${MISSING[@]}"; do
		for package in ${PACKAGES[$name]}; do
			case $package in
			+*)
				[[ ! ${NO_INSTALL:-} ]] || say "$name: $(how_to_get "$name")"
				break
				;;
			-) unknown=1 && say "$name: $(how_to_get "$name")" ;;
			*) [[ " ${packages[*]} " == *" $package "* ]] || packages+=("$package") ;;
			esac
		done
	done

	if [[ ! $unknown && ! ${NO_INSTALL:-} ]]; then
		((${#packages[@]} == 0)) || install_packages "${packages[@]}"
		return 0
	fi
	((${#packages[@]} == 0)) || tell_root "${packages[@]}"
	[[ ! $unknown ]] || die 69 "${DISTRO_NAME:-this system} has no package for that which set-up knows of; \`make doctor\` lists all that is needed"
	die 69 "nothing installed, as NO_INSTALL is set"
}

# Gets what can be done without, or says that it is done without.
get_optional() {
	local name
	for name in "${OPTIONAL[@]}"; do
		wanted "$name" || continue
		probe "$name" # what came for another one may serve for this, too
		[[ $STATE != ok ]] || continue
		if [[ ! ${NO_INSTALL:-} && ${PACKAGES[$name]} != - ]]; then
			say "missing: $name, which a test of make check takes"
			# shellcheck disable=SC2086 # a list of packages
			(install_packages ${PACKAGES[$name]}) || true
		fi
		probe "$name"
		[[ $STATE == ok ]] || say "going on without $name; a test of make check is skipped: $(how_to_get "$name")"
	done
}

tell_root() {
	local command="apt-get update && apt-get install --no-install-recommends $*"
	[[ $DISTRO != Fedora ]] || command="dnf install --setopt=install_weak_deps=False $*"
	say "as root: $command"
}

install_packages() {
	local -a root=() install
	if ((EUID)); then
		if ! type -P sudo >/dev/null || { ! sudo -n true 2>/dev/null && [[ ! -t 0 || ! -t 2 ]]; }; then
			tell_root "$@"
			die 69 "not root, and sudo cannot be used here: the above is for root to run, then try again"
		fi
		root=(sudo)
	fi
	# Without what packages merely recommend, and never at the price of one that is there.
	if [[ $DISTRO == Fedora ]]; then
		run packages "${root[@]}" dnf install -y --setopt=install_weak_deps=False "$@" ||
			failed packages "installing packages"
	else
		install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300
			install -y --no-install-recommends --no-remove)
		apt_unknown "$@"
		((${#UNKNOWN[@]} == 0)) || apt_update
		apt_unknown "$@"
		((${#UNKNOWN[@]} == 0)) || failed update "finding the packages ${UNKNOWN[*]}" \
			"apt knows no version of them: are the updates and security sections of $DISTRO among its sources?"
		if ! run packages "${install[@]}" "$@"; then
			# Lists that are too old name files that are gone.
			if [[ ! ${UPDATED:-} ]] && grep -qE '404 +Not Found|Unable to fetch' "$LOGS/setup-packages.log"; then
				apt_update
				run packages "${install[@]}" "$@" || failed packages "installing packages"
			elif [[ " $*" == *" qemu-system-"* ]] && clash; then
				unpack_qemu "$@"
			else
				failed packages "installing packages"
			fi
		fi
	fi
	probe_all
}

# Whether apt would have had to remove something.
clash() { grep -qi 'remove is disabled' "$LOGS/setup-packages.log"; }

# unpack_qemu PACKAGE...: installs them but for QEMU, which is taken out of its packages and finds what
# belongs to it from where it stands. For a system whose qemu-utils is from elsewhere (backports) and
# breaks with the release's QEMU.
unpack_qemu() {
	local tmp word package _
	local -a apart=() rest=()
	while read -r word package _; do
		[[ $word == Inst ]] || continue
		case $package in
		qemu-* | seabios | ipxe-qemu) apart+=("$package") ;;
		*) rest+=("$package") ;;
		esac
	done < <(LC_ALL=C apt-get -s install --no-install-recommends "$@" 2>/dev/null)
	run packages "${install[@]}" "${rest[@]}" || failed packages "installing packages"
	make_temp
	mkdir "$tmp/deb" && cd "$tmp/deb"
	run qemu apt-get download "${apart[@]}" || failed qemu "fetching QEMU's packages"
	for package in *.deb; do
		run qemu dpkg-deb -x "$package" "$tmp/root" || failed qemu "unpacking $package"
	done
	cd "$ROOT"
	# What another architecture's run unpacked stays.
	if [[ -d $TOOLS_DIR/qemu ]]; then cp -an "$TOOLS_DIR/qemu/." "$tmp/root"; fi
	rm -rf "$TOOLS_DIR/qemu"
	mv "$tmp/root" "$TOOLS_DIR/qemu" || die 69 "cannot write $TOOLS_DIR/qemu"
}

apt_update() {
	# It also fails when some source that nobody needs here is out of order.
	run update "${root[@]}" apt-get update || true
	UPDATED=1
}

# Sets UNKNOWN to those of the packages that apt knows no version of.
apt_unknown() {
	local line package=''
	local -A known=()
	while IFS= read -r line; do
		case $line in
		[!\ ]*:) package=${line%:} ;;
		"  Candidate: ("*) ;;
		"  Candidate: "*) known[$package]=1 ;;
		esac
	done < <(LC_ALL=C apt-cache policy "$@" 2>/dev/null)
	UNKNOWN=()
	for package; do
		[[ ${known[$package]:-} ]] || UNKNOWN+=("$package")
	done
}

# --- what is made here: under a temporary name, tried, renamed ---

# With the host program, which is built of much the same and is needed next. What calls it must not
# depend on where this clone is.
build_bindgen() {
	local tmp dir=$TOOLS_DIR/bindgen-$BINDGEN_VERSION version
	make_temp
	say "building bindgen $BINDGEN_VERSION and the host program, this once: a minute or two"
	begin_ahead
	# As cargo.sh does it, which asks the file that is not written yet. Its progress is shown.
	(cd "$ROOT/qemu/runner" && env -u MAKEFLAGS -u MFLAGS -u CARGO_MAKEFLAGS RUSTC="${VALUE[RUSTC]}" \
		RUSTDOC="${VALUE[RUSTDOC]}" CARGO_TARGET_DIR="$ROOT/build/host" CARGO_INCREMENTAL=0 \
		"${VALUE[CARGO]}" build --release --locked </dev/null >&2 9>&-) ||
		failed bindgen "building bindgen" "cargo says why above; it needs the registry of crates, this once"
	end_ahead
	mkdir -p "$tmp/root/bin"
	cp "$ROOT/build/host/release/bindgen" "$tmp/root/bin" || die 69 "cannot write $TOOLS_DIR"
	version=$("$tmp/root/bin/bindgen" --version) || true
	[[ $version == *"$BINDGEN_VERSION"* ]] ||
		die 69 "the bindgen just built does not run, or is another than $BINDGEN_VERSION; it says \"$version\""
	rm -rf "$dir"
	mv "$tmp/root" "$dir" || die 69 "cannot write $dir"
}

# Unpacks the kernel's source while cargo, which cannot always use all CPUs, is at work: to where the
# host program takes it from if it needs it. What goes wrong goes wrong there again, and is told.
begin_ahead() {
	local from=${VALUE[KERNEL_SOURCE]}
	[[ ${UNPACK_AHEAD:-} && -f $from && ! -d $ROOT/build/sources ]] || return 0
	rm -rf "$AHEAD_DIR"
	mkdir -p "$AHEAD_DIR/tree"
	tar -xf "$from" --strip-components=1 -C "$AHEAD_DIR/tree" >>"$LOGS/setup-source.log" 2>&1 9>&- &
	AHEAD=$!
}

end_ahead() {
	[[ $AHEAD ]] || return 0
	if wait "$AHEAD"; then
		kernel_stamp "${VALUE[KERNEL_SOURCE]}" >"$AHEAD_DIR/of"
		AHEAD=''
	fi
}

# unpack_rust_src PACKAGE: takes the library out of it, of the version that the compiler is of. Where
# the archive has that no longer, the package that it has is installed, and the compiler with it.
unpack_rust_src() {
	local tmp package=$1 owner version dir
	probe rustc
	dir=$TOOLS_DIR/rust-src-$VERSION
	make_temp
	mkdir "$tmp/deb" "$tmp/root" && cd "$tmp/deb"
	owner=$(dpkg-query -S "$(readlink -f "${VALUE[RUSTC]}")" 2>>"$LOGS/setup-rust-src.log") || true
	version=$(dpkg-query -W -f '${source:Version}' "${owner%%:*}" 2>>"$LOGS/setup-rust-src.log") || true
	if [[ $version ]] && run rust-src apt-get download "$package=$version" &&
		library_of "$tmp"/deb/*.deb 2>>"$LOGS/setup-rust-src.log" && [[ -d $tmp/root/library ]]; then
		rm -rf "$dir"
		mv "$tmp/root" "$dir" || die 69 "cannot write $dir"
		cd "$ROOT"
		return
	fi
	cd "$ROOT"
	install_packages "$package"
}

# library_of DEB: unpacks the library of rustc's source that is in it to $tmp/root. What is vendored
# there is for std, which a kernel has not.
library_of() {
	dpkg-deb --fsys-tarfile "$1" | tar -x -C "$tmp/root" --strip-components=4 --exclude='*/library/vendor' \
		--wildcards --no-wildcards-match-slash './usr/src/rustc-*/library'
}

# fetch_busybox ARCH: takes it out of the distribution's package, which is not installed.
fetch_busybox() {
	local tmp arch=$1 file
	make_temp
	if type -P apt-get >/dev/null; then
		fetch_deb "$arch"
	elif type -P dnf >/dev/null; then
		fetch_rpm "$arch"
	else
		die 69 "busybox for $arch can be fetched with apt or dnf only; ${KEY[busybox $arch]}=path takes any static one"
	fi || failed "busybox-$arch" "fetching busybox for $arch (${KEY[busybox $arch]}=path takes any static one)"
	file=$(find "$tmp/root" -path '*bin/busybox' -type f | head -n1)
	is_static "$file" "$arch" ||
		die 69 "the package holds no static busybox for $arch; ${KEY[busybox $arch]}=path takes any"
	mv -f "$file" "$TOOLS_DIR/busybox-$arch" || die 69 "cannot write $TOOLS_DIR/busybox-$arch"
}

# apt with a state folder of its own can have another architecture than the system's, without root.
fetch_deb() {
	local arch=${1/x86_64/amd64}
	mkdir -p "$tmp"/{state/lists/partial,cache/archives/partial,deb}
	: >"$tmp/status"
	cat >"$tmp/apt.conf" <<-END
		Dir::State "$tmp/state";
		Dir::State::status "$tmp/status";
		Dir::Cache "$tmp/cache";
		APT::Architecture "$arch";
		APT::Architectures "$arch";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		#clear Acquire::IndexTargets::deb::DEP-11;
		#clear Acquire::IndexTargets::deb::Contents-deb;
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
	run "busybox-$1" apt-get -c "$tmp/apt.conf" update || true # as in apt_update
	cd "$tmp/deb"
	run "busybox-$1" apt-get -c "$tmp/apt.conf" download busybox-static || return
	cd "$ROOT"
	run "busybox-$1" dpkg-deb -x "$tmp"/deb/busybox-static_*.deb "$tmp/root"
}

# Fedora's is static.
fetch_rpm() {
	mkdir -p "$tmp/root"
	run "busybox-$1" dnf download --forcearch "${1/arm64/aarch64}" --destdir "$tmp" busybox || return
	rpm2archive - <"$(echo "$tmp"/busybox-*.rpm)" | tar -xzf - -C "$tmp/root"
}

make_temp() {
	tmp=$(mktemp -d -p "$TOOLS_DIR") || die 69 "cannot write $TOOLS_DIR"
	TEMPS+=("$tmp")
}

# --- running things ---

# run LOG COMMAND...: says what is run, and keeps its output out of sight.
run() {
	local log=$LOGS/setup-$1.log command
	shift
	printf -v command '%q ' "$@"
	say "running: $command(output: ${log#"$ROOT/"})"
	echo "\$ $command" >>"$log"
	"$@" >>"$log" 2>&1 </dev/null 9>&-
}

# failed LOG WHAT [NEXT]: shows the end of the log and gives up.
failed() {
	local log=$LOGS/setup-$1.log next=${3:-"the whole output is in $LOGS/setup-$1.log"}
	if [[ -f $log ]]; then
		tail -n 15 "$log" | sed 's/^/  | /' >&2
		if grep -qiE 'no space left|enough free space' "$log" || (($(df -Pk "$OUT" | awk 'NR == 2 { print $4 }') < 64)); then
			next="the disk is full"
		elif grep -qi 'remove is disabled' "$log"; then
			next="apt would have to remove $(sed -n '/will be REMOVED/{n;s/^ *//p;}' "$log" | tail -n1)"
			next+=": if you can do without it, run the command by hand and without --no-remove"
		elif grep -qi 'could not get lock' "$log"; then
			next="another package manager is at work: try again when it is done"
		elif grep -qiE 'could ?n.t resolve|temporary failure|unreachable|connection (refused|reset|timed out|failed)|could not connect|failed to download' "$log"; then
			next="the network or the server cannot be reached: try again when it can"
		fi
	fi
	die 69 "$2 failed; $next"
}

main "$@"
