# Sourced by sandbox/demo and tests/run: installs what is missing, and builds. `top` is the project's root.

# The packages of some groups of packages.txt.
packages_of() {
	local groups=" $* " group= line
	while read -r line; do
		case $line in
		'' | '#'*) ;;
		'['*) group=${line//[][]/} ;;
		*) [[ $groups == *" $group "* ]] && echo "$line" ;;
		esac
	done < "$top/packages.txt"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo "$@"
	else
		echo "this needs root, and there is no sudo: $*" >&2
		return 1
	fi
}

install_missing() {
	local package missing=()
	for package in $(packages_of "$@"); do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
	done
	[ ${#missing[@]} = 0 ] && return
	echo "installing: ${missing[*]}"
	# A mirror that does not answer at once is asked again; a fresh machine has no package lists yet.
	as_root apt-get -o Acquire::Retries=3 -qq update || return
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -qq install -y \
		--no-install-recommends "${missing[@]}" > /dev/null
}

# Programs of packages whose installation would start a service: only their files are fetched, below build/unpacked, by nobody in particular.
unpack_missing() {
	local package
	for package in $(packages_of "$@"); do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] && continue
		[ -d "$top/build/unpacked/usr/share/doc/$package" ] && continue
		echo "unpacking: $package"
		mkdir -p "$top/build/unpacked"
		(
			cd "$top/build/unpacked" || exit
			apt-get -o APT::Sandbox::User="$(id -un)" -qq download "$package" || {
				as_root apt-get -qq update && apt-get -o APT::Sandbox::User="$(id -un)" -qq download "$package"
			} && dpkg-deb -x "${package}"_*.deb . && rm -f "${package}"_*.deb
		) || return
	done
}

# build PRESET: quiet unless something is to be said.
build() {
	local log
	log=$(cd "$top" && cmake --preset "$1" 2>&1 && cmake --build --preset "$1" 2>&1) || {
		printf '%s\n' "$log" >&2
		return 1
	}
}

# udev gives everybody /dev/fuse; where no udev runs (containers), it may be root's alone, also while root tries what others may.
open_fuse() {
	if [ ! -e /dev/fuse ]; then
		echo "there is no /dev/fuse: the kernel or the container lacks FUSE" >&2
		return 1
	fi
	[ "$(stat -c %a /dev/fuse)" = 666 ] || as_root chmod 0666 /dev/fuse
}
