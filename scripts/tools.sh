# shellcheck shell=bash disable=SC2034 # the names are read by those who source this
# SPDX-License-Identifier: GPL-2.0
#
# What the build needs, in one table, and how to find it on this machine. Sourced by setup.sh, which
# gets what is missing, and by doctor.sh, which only says so. Does nothing by itself.

shopt -s extglob

ROOT=${BASH_SOURCE[0]%"${BASH_SOURCE[0]##*/}"} # ends in a slash, or is empty
ROOT=$(cd "${ROOT:-./}.." && pwd)
ENV_FILE=$ROOT/build/tools.env

# What set-up builds or fetches itself, all clones of one user share: in the user's cache, or in the
# build folder. kbuild takes no path with a space or a colon in it, and bindgen is called from there.
pick_out() {
	local above
	for OUT in "${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}/oopsarium" "$ROOT/build" "/var/tmp/oopsarium-$UID"; do
		[[ $OUT == /*/* && $OUT != *[[:space:]:\'\"\$\#\\]* ]] || continue
		above=$OUT
		while [[ ! -e $above ]]; do above=${above%/*} above=${above:-/}; done
		if [[ -d $above && -w $above ]]; then return; fi
	done
}
pick_out
TOOLS_DIR=$OUT/tools

# Distributions with package names in the table, in its order, and those where all was really tried.
DISTROS=("Debian 12" "Debian 13" "Ubuntu 24.04" "Fedora")
TRIED="Debian 12, Debian 13"

BUILD_GB=4             # free disk space that the kernels of both architectures need
BINDGEN_VERSION=0.73.2 # as in qemu/runner/bindgen/Cargo.toml

# A row: command or thing | key in tools.env | group | oldest version | what for | packages per
# distribution, "=" where they are those of the column before.
# Groups: base is always needed, x86_64 and arm64 for that architecture, lint by `make check`; debug-…
# and editor only by the commands named. What is in two of them has a plus between. check is what
# `make check` goes without where it cannot be had: it says which tests it then skips.
# In place of packages: +cargo is built here, with the host program, +fetch is fetched here out of a
# package that is not installed (of another architecture; or because it would push out busybox),
# +unpack out of the one that is named (some thousand files of fifty thousand, which take dpkg longer
# than all other packages), - is not packaged.
# Versions: kbuild's own minimum (Documentation/process/changes.rst), except that
#   clang 15 is the oldest that newer 6.x kernels take on every architecture;
#   rust 1.85 is for the host program, which cargo builds with the same toolchain (the kernel: 1.78);
#   qemu 7.2 is the oldest one tried.
TOOLS=(
	"make               |               |base  |4.0   |kbuild                        |make                  |=             |=              |="
	"cc                 |               |base  |      |linking the host program      |gcc libc6-dev         |=             |=              |gcc"
	"flex               |               |base  |2.5.35|kconfig, dtc                  |flex                  |=             |=              |="
	"bison              |               |base  |2.0   |kconfig, dtc                  |bison                 |=             |=              |="
	"bc                 |               |base  |      |the kernel's timeconst.h      |bc                    |=             |=              |="
	"awk                |               |base  |      |kbuild                        |mawk                  |=             |=              |gawk"
	"cmp                |               |base  |      |kbuild                        |diffutils             |=             |=              |="
	"find               |               |base  |      |kbuild                        |findutils             |=             |=              |="
	"tar                |               |base  |1.28  |unpacking the kernel          |tar                   |=             |=              |="
	"xz                 |               |base  |      |unpacking, the x86_64 image   |xz-utils              |=             |=              |xz"
	"kernel source      |KERNEL_SOURCE  |base  |6.0   |the kernel                    |linux-source-6.12     |=             |-              |="
	"clang, lld, llvm   |LLVM           |base  |15    |compiling the kernel          |clang-19 lld-19 llvm-19|clang lld llvm|=             |="
	"libclang           |LIBCLANG_PATH  |base  |      |bindgen                       |libclang1-19          |=             |libclang1-18   |clang-libs"
	"rustc              |RUSTC          |base  |1.85  |kernel, modules, host program |rustc-web             |rustc         |rustc-1.85     |rust"
	"rust-src           |RUST_LIB_SRC   |base  |      |the kernel's core and alloc   |+unpack rust-web-src  |+unpack rust-src|+unpack rust-1.85-src|rust-src"
	"rustdoc            |RUSTDOC        |base  |      |the kernel's Rust documents   |rustc-web             |rustc         |rustc-1.85     |rust"
	"rustfmt            |RUSTFMT        |base  |      |bindings, lints               |rustfmt-web           |rustfmt       |rustfmt-1.85   |rustfmt"
	"clippy-driver      |CLIPPY_DRIVER  |base  |      |lints                         |rust-web-clippy       |rust-clippy   |rust-1.85-clippy|clippy"
	"cargo              |CARGO          |base  |1.85  |the host program              |cargo-web             |cargo         |cargo-1.85     |cargo"
	"bindgen            |BINDGEN        |base  |0.65.1|Rust bindings of the kernel   |+cargo                |=             |=              |="
	"libelf             |               |x86_64|      |objtool                       |libelf-dev            |=             |=              |elfutils-libelf-devel"
	"qemu-system-x86_64 |QEMU_X86_64    |x86_64|7.2   |the x86_64 machines           |qemu-system-x86       |=             |=              |qemu-system-x86-core"
	"busybox x86_64     |BUSYBOX_X86_64 |x86_64|      |the x86_64 guest              |+fetch                |=             |=              |="
	"qemu-system-aarch64|QEMU_ARM64     |arm64 |7.2   |the arm64 machines            |qemu-system-arm       |=             |=              |qemu-system-aarch64-core"
	"busybox arm64      |BUSYBOX_ARM64  |arm64 |      |the arm64 guest               |+fetch                |=             |=              |="
	"dtc                |DTC            |arm64 |      |device-tree overlays          |device-tree-compiler  |=             |=              |dtc"
	"shellcheck         |SHELLCHECK     |lint  |      |make check                    |shellcheck            |=             |=              |ShellCheck"
	"gdb x86_64         |GDB_X86_64     |debug-x86_64+check||make debug             |gdb-multiarch         |=             |=              |gdb"
	"gdb arm64          |GDB_ARM64      |debug-arm64+check||make debug              |gdb-multiarch         |=             |=              |gdb"
	"python3            |PYTHON3        |editor+lint|3.7|make rust-analyzer, make check|python3              |=             |=              |="
	"chromium           |CHROMIUM       |check |      |make check: the results' page |chromium              |=             |-              |="
)

# Variables of the caller that decide what is chosen.
OVERRIDES=(KERNEL_SRC KERNEL_SHA256 LLVM LIBCLANG_PATH RUSTC RUST_LIB_SRC RUSTDOC RUSTFMT CLIPPY_DRIVER
	CARGO BINDGEN QEMU_X86_64 QEMU_ARM64 BUSYBOX_X86_64 BUSYBOX_ARM64 DTC SHELLCHECK GDB PYTHON3 CHROMIUM)

# cargo sets CARGO for what it runs: that is nobody's wish.
[[ -z ${CARGO_MANIFEST_DIR:-} ]] || unset CARGO
export RUSTUP_AUTO_INSTALL=0 # looking for a toolchain must not install one

NAMES=()
declare -A KEY=() GROUP=() NEEDS=() FOR=() PACKAGES=()
declare -A VALUE=() # key of tools.env -> what probe() found
DISTRO=''           # one of DISTROS, or empty
DISTRO_NAME=''      # what the system calls itself

# in_groups NAME GROUPS: whether it is of one of these.
in_groups() {
	local group
	for group in ${GROUP[$1]//+/ }; do
		[[ " $2 " != *" $group "* ]] || return 0
	done
	return 1
}

# Fills the tables above.
load_tools() {
	local row name distro=-1 i IFS='|'
	local -a cell
	detect_distro
	for i in "${!DISTROS[@]}"; do
		[[ ${DISTROS[i]} != "$DISTRO" ]] || distro=$i
	done
	for row in "${TOOLS[@]}"; do
		# Not by read: that takes a call of the system for every letter.
		# shellcheck disable=SC2206
		cell=($row)
		cell=("${cell[@]%%+( )}")
		name=${cell[0]}
		NAMES+=("$name")
		KEY[$name]=${cell[1]} GROUP[$name]=${cell[2]} NEEDS[$name]=${cell[3]} FOR[$name]=${cell[4]}
		for ((i = 5 + (distro < 0 ? 0 : distro); i > 5; i--)); do
			[[ ${cell[i]} == = ]] || break
		done
		PACKAGES[$name]=${cell[i]}
		# Elsewhere the first column says what to look for; only what is made here stays as it is.
		[[ $DISTRO || ${cell[i]} == +[!u]* ]] || PACKAGES[$name]=-
	done
}

detect_distro() {
	local key value id='' version=''
	while IFS='=' read -r key value; do
		value=${value#\"} value=${value%\"}
		case $key in
		ID) id=$value ;;
		VERSION_ID) version=$value ;;
		PRETTY_NAME) DISTRO_NAME=$value ;;
		esac
	done <"${OS_RELEASE:-/etc/os-release}"
	case $id-$version in
	debian-12 | debian-13) DISTRO="Debian $version" ;;
	ubuntu-24.04) DISTRO="Ubuntu $version" ;;
	fedora-*) DISTRO=Fedora ;;
	esac
}

# how_to_get NAME: one line for people.
how_to_get() {
	local packages=${PACKAGES[$1]}
	case $packages:$1 in
	+cargo:*) echo "set-up builds version $BINDGEN_VERSION with the host program" ;;
	+unpack*:*) echo "set-up takes it out of ${packages#+unpack }, which it does not install; RUST_LIB_SRC=path takes any that fits the compiler" ;;
	+fetch:*) echo "set-up fetches it (busybox-static); ${KEY[$1]}=path takes any static one" ;;
	-:"kernel source") echo "KERNEL_SRC=path: a 6.x tree with Rust support (6.12 is tried), or its tarball" ;;
	-:rust* | -:cargo | -:clippy*)
		echo "rust ${NEEDS[rustc]} or newer with its library source, from the system or rustup (component rust-src)"
		;;
	-:"clang, lld, llvm") echo "clang, lld and llvm ${NEEDS[$1]} or newer" ;;
	-:libelf) echo "libelf with its headers (elfutils)" ;;
	-:gdb*) echo "a gdb with Python that knows ${1#gdb }; GDB=path takes any" ;;
	-:*) echo "$1${NEEDS[$1]:+ ${NEEDS[$1]} or newer}" ;;
	*) [[ $DISTRO == Fedora ]] && echo "dnf install $packages" || echo "apt-get install $packages" ;;
	esac
}

# probe NAME: looks for it and sets
#   STATE    ok, missing, old, or bad (what the caller chose cannot be used: WHY says why)
#   FOUND    its path
#   VERSION  where there is one to tell
#   WHY      what else is worth knowing
# and, where it is ok, VALUE[its key].
probe() {
	local name=$1 key=${KEY[$1]} set_to='' chosen=${KEY[$1]}
	[[ $key != KERNEL_SOURCE ]] || chosen=KERNEL_SRC
	[[ $key != GDB_* ]] || chosen=GDB
	STATE='' FOUND='' VERSION='' WHY=''
	unset -v "VALUE[${key:-none}]"
	case $name in
	"kernel source") probe_kernel ;;
	"clang, lld, llvm") probe_llvm ;;
	libclang) probe_libclang ;;
	rustc) find_rust && probe_rust_part rustc ;;
	rust-src) FOUND=$RUST_SRC ;;
	rustdoc | rustfmt | clippy-driver | cargo) probe_rust_part "$name" ;;
	bindgen) probe_bindgen ;;
	cc) probe_cc ;;
	libelf) probe_libelf ;;
	"busybox "*) probe_busybox "${name#* }" "$key" ;;
	"gdb "*) probe_gdb "${name#* }" ;;
	*) probe_command "$key" "$name" ;;
	esac || true

	[[ ! $STATE ]] || return 0
	if [[ ! $FOUND ]]; then
		STATE=missing
		if [[ ${chosen:+${!chosen:-}} ]]; then
			STATE=bad WHY="$chosen=${!chosen}: ${WHY:-no such program}"
		elif [[ ${RUSTC:-} && " rust-src rustdoc rustfmt clippy-driver cargo " == *" $name "* && $RUST_BIN != /usr/* ]]; then
			STATE=bad WHY="RUSTC=$RUSTC: comes without $name; if it is rustup's: rustup component add"
		fi
		return
	fi
	if [[ ${NEEDS[$name]} && ! $VERSION && -f $FOUND && -x $FOUND ]]; then version_of "$FOUND"; fi
	STATE=ok
	if [[ ${NEEDS[$name]} && $VERSION ]] && ! at_least "$VERSION" "${NEEDS[$name]}"; then
		STATE=old
		[[ ! ${chosen:+${!chosen:-}} ]] ||
			STATE=bad WHY="$chosen=${!chosen}: version $VERSION is too old, ${NEEDS[$name]} is needed"
	elif [[ $key ]]; then
		VALUE[$key]=${set_to:-$FOUND}
	fi
}

# at_least A B: version A is B or newer.
at_least() {
	local -a a b
	local i
	IFS=.-+~ read -ra a <<<"$1"
	IFS=. read -ra b <<<"$2"
	for i in 0 1 2; do
		if ((10#${a[i]:-0} != 10#${b[i]:-0})); then
			((10#${a[i]:-0} > 10#${b[i]:-0}))
			return
		fi
	done
}

# version_of PROGRAM [ARG]: sets VERSION to the first version number it prints.
version_of() {
	local out
	out=$(LC_ALL=C "$1" --version ${2:+"$2"} 2>&1 </dev/null) || true
	[[ $out =~ [0-9]+\.[0-9]+(\.[0-9]+)? ]] && VERSION=${BASH_REMATCH[0]}
}

# probe_command KEY NAME: the program that variable KEY names, else NAME in PATH, else the QEMU that
# set-up unpacked.
probe_command() {
	local name=$2
	[[ ! $1 ]] || name=${!1:-$2}
	FOUND=$(type -P "$name" || type -P "$TOOLS_DIR/qemu/usr/bin/$name")
}

# A compiler without the C library's headers links nothing.
probe_cc() {
	FOUND=$(type -P cc) && cc -E -x c - <<<'#include <stdlib.h>' >/dev/null 2>&1 || FOUND=''
}

# probe_gdb ARCH: a plain gdb serves where it knows the architecture: the host's own, or any as
# Fedora's does.
probe_gdb() {
	local name said arch=aarch64
	local -a tries=(gdb-multiarch gdb)
	[[ $1 != x86_64 ]] || arch=i386:x86-64
	[[ ! ${GDB:-} ]] || tries=("$GDB")
	for name in "${tries[@]}"; do
		FOUND=$(type -P "$name") || continue
		said=$(LC_ALL=C "$FOUND" -nx -batch -ex "set architecture $arch" -ex 'python print("has", "Python")' \
			2>&1 </dev/null) || true
		case $said in
		*"Undefined item"*) WHY="$FOUND does not know $1" ;;
		*"has Python"*) WHY='' && version_of "$FOUND" && return ;;
		*) WHY="$FOUND has no Python" ;;
		esac
		FOUND=''
	done
}

probe_kernel() {
	local first='' sum=${KERNEL_SHA256:-}
	if [[ ! ${KERNEL_SRC:-} ]]; then
		[[ ! $sum ]] || STATE=bad WHY="KERNEL_SHA256=$sum: goes with KERNEL_SRC=tarball, which is not set"
		[[ -r /usr/src/linux-source-6.12.tar.xz ]] || return
		FOUND=/usr/src/linux-source-6.12.tar.xz
		# shellcheck disable=SC2016 # dpkg's own variable
		VERSION=$(dpkg-query -W -f '${Version}' linux-source-6.12 2>/dev/null) || VERSION=6.12
		return
	fi
	if [[ -d $KERNEL_SRC ]]; then
		probe_tree "$(realpath -s -- "$KERNEL_SRC")"
		return
	elif [[ ! -f $KERNEL_SRC || ! -r $KERNEL_SRC ]]; then
		WHY='no such file or folder, or it cannot be read; give a kernel tree or its tarball'
		return
	fi
	if [[ ! $sum && -f $KERNEL_SRC.sha256 ]]; then
		sum=$(grep -oiEm1 '\b[0-9a-f]{64}\b' "$KERNEL_SRC.sha256") || {
			WHY="$KERNEL_SRC.sha256 holds no sha256 sum"
			return
		}
	fi
	if [[ $sum ]]; then
		first=$(sha256sum <"$KERNEL_SRC")
		if [[ ${first%% *} != "${sum,,}" ]]; then
			WHY="its sha256 is ${first%% *}, not ${sum,,}: a broken download or another file"
			return
		fi
	fi
	# Without xz this has to wait until set-up has installed it.
	if [[ $KERNEL_SRC != *.xz ]] || type -P xz >/dev/null; then
		read -r first < <(tar -tf "$KERNEL_SRC" 2>/dev/null) || {
			WHY='tar cannot read it: broken, not a tarball, or its decompressor is missing'
			return
		}
	fi
	FOUND=$(realpath -s -- "$KERNEL_SRC")
	[[ "$first ${KERNEL_SRC##*/}" =~ [0-9]+\.[0-9]+(\.[0-9]+)? ]] && VERSION=${BASH_REMATCH[0]}
}

probe_tree() {
	local dir=$1 major minor sub
	{ read -r major && read -r minor && read -r sub; } < <(
		sed -nE 's/^(VERSION|PATCHLEVEL|SUBLEVEL) = ([0-9]+)$/\2/p' "$dir/Makefile" 2>/dev/null
	) || {
		WHY='not a kernel tree: its Makefile states no VERSION'
		return
	}
	if ! grep -qs '^config RUST$' "$dir/init/Kconfig"; then
		WHY="Linux $major.$minor.$sub without support for Rust; take a newer one, 6.12 is tried"
	elif [[ ${KERNEL_SHA256:-} ]]; then
		WHY='KERNEL_SHA256 is for a tarball, and this is a folder'
	elif [[ -e $dir/.config || -d $dir/include/config ]]; then
		WHY="it was built in place, and kbuild wants it clean to build elsewhere: make -C $dir mrproper"
	else
		FOUND=$dir VERSION=$major.$minor.$sub
	fi
}

# LLVM as kbuild takes it: 1, a suffix such as -19, or a folder that ends in a slash.
probe_llvm() {
	local try tool name old='' old_version=''
	local -a tries=(1 -{30..13})
	[[ ! ${LLVM:-} ]] || tries=("$LLVM")
	CLANG='' CLANG_VERSION=''
	for try in "${tries[@]}"; do
		for tool in clang ld.lld llvm-{ar,nm,objcopy,objdump,readelf,strip}; do
			case $try in
			-*) name=$tool$try ;;
			*/) name=$try$tool ;;
			*) name=$tool ;;
			esac
			if ! type -P "$name" >/dev/null; then
				[[ $tool == clang && ! ${LLVM:-} ]] || WHY="no $name"
				continue 2
			fi
		done
		name=${name%llvm-strip*}clang${name##*llvm-strip}
		FOUND=$(type -P "$name") VERSION=''
		version_of "$FOUND" || continue
		if at_least "$VERSION" "${NEEDS[clang, lld, llvm]}"; then
			CLANG=$FOUND CLANG_VERSION=$VERSION WHY='' set_to=$try
			return
		fi
		[[ $old ]] || old=$FOUND old_version=$VERSION
	done
	FOUND=$old VERSION=$old_version
}

# The libclang that belongs to the compiler: bindgen might load any other.
probe_libclang() {
	local dir lib real
	local -a dirs=()
	if [[ ${LIBCLANG_PATH:-} ]]; then
		dirs=("$LIBCLANG_PATH" "${LIBCLANG_PATH%/*}") # libclang's users take a folder or the file
		WHY='no libclang there'
	elif [[ $CLANG ]]; then
		real=$(readlink -f "$CLANG")
		dirs=("${real%/bin/*}"/lib{,64,/*-linux-gnu})
	fi
	for dir in "${dirs[@]}"; do
		for lib in "$dir"/libclang{,-[0-9]*}.so{,.*}; do
			if [[ -e $lib ]]; then
				FOUND=$lib WHY='' set_to=${LIBCLANG_PATH:-$dir}
				return
			fi
		done
	done
}

# A toolchain that has everything, library source too; failing that, one of the system's that packages
# can complete. All its parts come from the same place.
find_rust() {
	local c bin sysroot src lacks part
	local -a tries=()
	local -A seen=()
	RUST_BIN='' RUST_SRC=''
	if [[ ${RUSTC:-} ]]; then
		mapfile -t tries < <(type -P "$RUSTC")
	else
		mapfile -t tries < <(type -aP rustc; printf '%s\n' /usr/lib/rust-*/bin/rustc | sort -Vr)
	fi
	for c in "${tries[@]}"; do
		sysroot=$("$c" --print sysroot 2>/dev/null) || continue
		[[ ! ${seen[$sysroot]:-} ]] || continue
		seen[$sysroot]=1
		bin=$sysroot/bin # past rustup's proxies, which can be there without what they stand for
		[[ -x $bin/rustc ]] || bin=${c%/*}
		VERSION='' src='' lacks=''
		version_of "$bin/rustc" || continue
		for src in "${RUST_LIB_SRC:-$sysroot/lib/rustlib/src/rust/library}" \
			"/usr/src/rustc-$VERSION/library" "$TOOLS_DIR/rust-src-$VERSION/library"; do
			[[ ! -e $src/core/src/lib.rs ]] || break
			src=''
			[[ $sysroot == /usr || $sysroot == /usr/* ]] || break # the others are of the system's
		done
		[[ $src ]] || lacks+=', its library source'
		for part in rustdoc rustfmt clippy-driver cargo; do
			[[ -x $bin/$part ]] || lacks+=", $part"
		done
		if at_least "$VERSION" "${NEEDS[rustc]}" && [[ ! $lacks ]] || [[ ${RUSTC:-} ]]; then
			RUST_BIN=$bin RUST_SRC=$src WHY=''
			return
		elif [[ $sysroot == /usr || $sysroot == /usr/* ]]; then
			[[ $RUST_BIN ]] || RUST_BIN=$bin RUST_SRC=$src
		fi
		WHY="${WHY:+$WHY; }$c is $VERSION${lacks:+, without${lacks#,}}"
	done
	VERSION=''
}

probe_rust_part() {
	local key=${KEY[$1]}
	if [[ $1 != rustc && ${!key:-} ]]; then
		FOUND=$(type -P "${!key}")
	elif [[ -x $RUST_BIN/$1 ]]; then
		FOUND=$RUST_BIN/$1
	fi
}

probe_bindgen() {
	local c out libclang
	local -a tries
	# Known to fail together; scripts/rust_is_available.sh of the kernel says the same.
	if at_least "${CLANG_VERSION:-0}" 22; then
		NEEDS[bindgen]=0.72.1
	elif at_least "${CLANG_VERSION:-0}" 19.1; then
		NEEDS[bindgen]=0.69.5
	fi
	mapfile -t tries < <(
		echo "$TOOLS_DIR/bindgen-$BINDGEN_VERSION/bin/bindgen"
		echo bindgen
		compgen -c bindgen- | sort -uVr
	)
	[[ ! ${BINDGEN:-} ]] || tries=("$BINDGEN")
	for c in "${tries[@]}"; do
		FOUND=$(type -P "$c") || continue
		version_of "$FOUND" for-0.69.0 || continue # that version wants an argument more
		at_least "$VERSION" "${NEEDS[bindgen]}" || continue
		[[ ${VALUE[LIBCLANG_PATH]:-} ]] || return 0
		out=$(LIBCLANG_PATH=${VALUE[LIBCLANG_PATH]} "$FOUND" /dev/stdin -- -x c \
			<<<'#pragma message("clang version " __clang_version__)' 2>&1) || true
		if [[ ! $out =~ clang\ version\ ([0-9.]+) ]]; then
			STATE=bad WHY="$FOUND cannot use the libclang in ${VALUE[LIBCLANG_PATH]}: ${out##*$'\n'}"
			return
		fi
		libclang=${BASH_REMATCH[1]}
		if [[ ${libclang%%.*} != "${CLANG_VERSION%%.*}" ]]; then
			STATE=bad WHY="$FOUND uses libclang $libclang, but $CLANG is $CLANG_VERSION; set LIBCLANG_PATH"
		fi
		return 0
	done
}

probe_libelf() {
	local out
	out=$("${CLANG:-cc}" -M -x c - <<<'#include <gelf.h>' 2>/dev/null) || return
	[[ $out =~ [^\ ]*/gelf\.h ]] && FOUND=${BASH_REMATCH[0]}
}

# probe_busybox ARCH KEY
probe_busybox() {
	local c
	local -a tries=("$TOOLS_DIR/busybox-$1" busybox)
	[[ ! ${!2:-} ]] || tries=("${!2}") WHY="not a whole, statically linked program for $1"
	for c in "${tries[@]}"; do
		[[ $c == */* ]] || c=$(type -P "$c") || continue
		if is_static "$c" "$1"; then
			FOUND=$(realpath -s -- "$c") WHY=''
			VERSION=$(grep -aoEm1 'BusyBox v[0-9.]+' "$c" | head -n1) || true
			VERSION=${VERSION#*v}
			return
		fi
	done
}

# is_static FILE ARCH: a whole, statically linked 64-bit ELF program for ARCH.
is_static() {
	local machine=62 at size end
	local -a b=()
	[[ $2 == x86_64 ]] || machine=183
	[[ -f $1 && -r $1 ]] || return
	read -r -d '' -a b < <(od -An -v -tu1 -N 4096 "$1") || true
	[[ "${b[*]:0:6}" == "127 69 76 70 2 1" ]] || return
	((b[18] + 256 * b[19] == machine)) || return
	# A program header of type PT_INTERP (3) asks for a dynamic loader.
	for ((at = b[32] + 256 * b[33], end = at + b[54] * b[56]; at < end; at += b[54])); do
		((b[at] != 3 || b[at + 1])) || return
	done
	# The table of sections stands at the end: a file cut off lacks it.
	size=$(stat -Lc %s "$1")
	((size >= b[40] + (b[41] << 8) + (b[42] << 16) + (b[43] << 24) + b[58] * b[60]))
}
