# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Helpers that the scripts share; sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gsign
mkdir -p "$cache"
export root cache PYTHONDONTWRITEBYTECODE=1

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# again COMMAND...: up to three times, for what asks the network; its output goes to standard error.
again() {
	local try
	for try in 1 2 3; do
		"$@" >&2 && return
		((try == 3)) || sleep $((try * 5))
	done
	echo "failed three times: ${*:1:3} …" >&2
	return 1
}

# debian PACKAGE...: makes Debian packages available. What is missing is installed by root, in the version the
# distribution gives; the versions in use are recorded in the cache.
debian() {
	local missing=() p
	for p in "$@"; do
		if [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null) != ii* ]]; then
			missing+=("$p")
		fi
	done
	if ((${#missing[@]})); then
		if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
			die "missing: ${missing[*]}; install these packages (Debian names), or run as root on Debian 12"
		fi
		echo "installing ${missing[*]}"
		exec 9>"$cache/apt.lock"
		flock 9
		mkdir -p "$cache/apt/partial"
		again apt-get update -qq 2>"$cache/apt.log" || {
			cat "$cache/apt.log" >&2
			die "apt-get update failed"
		}
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			-o Dir::Cache::Archives="$cache/apt/" -o APT::Keep-Downloaded-Packages=true \
			"${missing[@]}" >"$cache/apt.log" 2>&1 || {
			tail -n 30 "$cache/apt.log" >&2
			die "could not install ${missing[*]}"
		}
		flock -u 9
	fi
	# shellcheck disable=SC2016 # the dollar belongs to dpkg-query
	dpkg-query -W -f '${Package} ${Version}\n' "$@" >"$cache/debian-$(basename "$0").txt"
}

# venv NAME REQUIREMENTS: a virtual environment with exactly these packages; prints its folder.
venv() {
	local name=$1 requirements=$2 dir stamp
	dir=$cache/venv-$name
	stamp=$(sha256sum "$requirements" | cut -c1-16)-$(python3 -c 'import sys; print(sys.version.split()[0])')
	if [[ $(cat "$dir/.stamp" 2>/dev/null) != "$stamp" ]]; then
		rm -rf "$dir"
		# uv, virtualenv and ensurepip differ from machine to machine: the standard module is tried first.
		if ! python3 -m venv "$dir" >"$cache/venv.log" 2>&1; then
			debian python3-venv >&2
			rm -rf "$dir"
			python3 -m venv "$dir" >&2
		fi
		again "$dir/bin/pip" install -q --no-deps --require-hashes --disable-pip-version-check -r "$requirements" || return 1
		"$dir/bin/pip" check >&2 || return 1
		echo "$stamp" >"$dir/.stamp"
	fi
	echo "$dir"
}

# go_tool MODULE/CMD VERSION: a Go program built once into the cache; prints its path.
go_tool() {
	local pkg=$1 version=$2 dir
	dir=$cache/go-tools/$(go env GOVERSION)/$version
	if [[ ! -x $dir/$(basename "$pkg") ]]; then
		GOBIN=$dir GOFLAGS=-mod=mod again go install "$pkg@$version" || return 1
	fi
	echo "$dir/$(basename "$pkg")"
}

# java_program DIR: a Maven project compiled once into the cache, whatever checkout it is in; prints its class path.
java_program() {
	local src=$1 stamp dir work
	stamp=$(cd "$src" && find . -type f -not -path './target/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
	dir=$cache/java-$(basename "$src")-$stamp
	if [[ ! -f $dir/ok ]]; then
		work=$(mktemp -d "$cache/java-XXXXXX") # another checkout may be compiling the same
		cp -r "$src/." "$work"
		(cd "$work" && again mvn -q -B -ntp compile dependency:build-classpath -Dmdep.outputFile=cp.txt) 2>"$work/mvn.log" || {
			tail -n 30 "$work/mvn.log" >&2
			rm -rf "$work"
			return 1
		}
		touch "$work/ok"
		[[ -f $dir/ok ]] || rm -rf "$dir"
		mv -T "$work" "$dir" 2>/dev/null || rm -rf "$work"
	fi
	echo "$dir/target/classes:$(cat "$dir/cp.txt")"
}
