# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The checks of scripts/test that are more than one command; sourced. Needs root, cache, here and work.

: "${root:?}" "${cache:?}" "${here:?}" "${work:?}"
golangci_version=v2.15.0 gofumpt_version=v0.12.0 govulncheck_version=v1.1.4

# Files of the repository, also new ones not yet committed, NUL-separated.
files() { git ls-files -z --cached --others --exclude-standard --deduplicate -- "$@"; }

check_spdx() {
	local f bad=0
	while IFS= read -r -d '' f; do
		[[ -f $f ]] || continue
		case $f in
		*.go | *.py | *.java | *.sh | *.yml | *.toml | */pom.xml | scripts/* | .ci/*) ;;
		*) continue ;;
		esac
		case $f in
		*.md | *.txt | *.tsv | *.in | *.json | *.mod | *.sum | */testdata/* | *.ps) continue ;;
		esac
		if ! head -n 5 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
			echo "$f: no SPDX line"
			bad=1
		fi
	done < <(files)
	return "$bad"
}

# Hosts of the registries that the clients on this machine use; asked of the clients, so that no file names them.
registry_hosts() {
	{
		go env GOPROXY GOSUMDB | sed "s#[,|]#\n#g"
		python3 -c 'from pip._internal.models.index import PyPI as i; print(i.netloc); print(i.file_storage_domain)' 2>/dev/null || true
		python3 -m pip config list 2>/dev/null || true
		cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true
		grep -o "<url>[^<]*" ~/.m2/settings.xml 2>/dev/null || true
		unzip -p /usr/share/maven/lib/maven-model-builder-*.jar '*/pom-4.0.0.xml' 2>/dev/null | grep -o '<url>[^<]*' || true
	} | grep -oE '[a-z0-9-]+(\.[a-z0-9-]+)+\.?[a-z]*' | grep -E '\.(org|com|io|net|dev)$' | grep -vE '^(www|maven)\.' | sort -u
}

check_names() {
	local bad=0 paths host
	paths="$root/|/root/|/home/[a-z]+/|/Users/[A-Z a-z]+/"
	[[ $HOME == / ]] || paths="$paths|$HOME/"
	if files | grep -zv '^scripts/\(checks.sh\|gen-testdata\)$' | xargs -0 grep -InE -- "(^|[^A-Za-z0-9_.}-])($paths)" 2>/dev/null; then
		echo "paths of a machine in the lines above"
		bad=1
	fi
	while IFS= read -r host; do
		if files | xargs -0 grep -InF -- "$host" 2>/dev/null; then
			echo "the name of a registry's host in the lines above"
			bad=1
		fi
	done < <(registry_hosts)
	return "$bad"
}

check_gofumpt() {
	local tool out
	tool=$(go_tool mvdan.cc/gofumpt "$gofumpt_version")
	out=$(files '*.go' | grep -zv '/testdata/' | xargs -0 "$tool" -modpath gsign -l)
	if [[ -n $out ]]; then
		printf 'not formatted by gofumpt:\n%s\n' "$out"
		return 1
	fi
}

check_lint() {
	local tool
	tool=$(go_tool github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$golangci_version")
	GOLANGCI_LINT_CACHE=$cache/golangci "$tool" run ./...
}

# The released program has no C in it: one file that runs anywhere.
check_static() {
	local out=$work/gsign-static
	CGO_ENABLED=0 go build -trimpath -o "$out" ./cmd/gsign
	if command -v ldd >/dev/null && ldd "$out" 2>/dev/null; then
		echo "the program is linked dynamically"
		return 1
	fi
	go version -m "$out" | grep CGO_ENABLED=0
	"$out" version
}

# Two seconds for each fuzz target that there is. One instrumented binary for each package: go test would link one for
# each target. qpdf judges one in eight of the files that FuzzSign signs.
check_fuzz() {
	export GSIGN_FUZZ_QPDF=8
	local names=() line pkg n count=0
	while IFS= read -r line; do
		case $line in
		Fuzz*) names+=("$line") ;;
		ok*)
			((${#names[@]})) || continue
			pkg=$(awk '{print $2}' <<<"$line")
			go test -c -fuzz . -o "$work/fuzz.test" "$pkg"
			for n in "${names[@]}"; do
				fuzz_target "$pkg" "$n" || {
					cat "$work/fuzz.log"
					return 1
				}
				echo "$pkg $n: $(grep -o 'execs: [0-9]*' "$work/fuzz.log" | tail -n 1)"
				count=$((count + 1))
			done
			names=()
			;;
		esac
	done < <(go test -list '^Fuzz' ./...)
	echo "$count fuzz targets"
	((count > 0))
}

# fuzz_target PACKAGE NAME: a failure counts when its input fails by itself; the log then has the input, which nobody could
# fetch from a machine that is gone. Before Go 1.27 the end of the time itself can count as a failure (issue 75804 of Go), and a
# worker that gets no processor for ten seconds counts as hung: then once more.
fuzz_target() (
	cd "$(go list -f '{{.Dir}}' "$1")" || exit
	local try input
	for try in 1 2 3; do
		"$work/fuzz.test" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime 2s -test.fuzzminimizetime 1s \
			-test.fuzzcachedir "$cache/fuzz/$1" >"$work/fuzz.log" 2>&1 && exit
		input=$(sed -n 's/^ *Failing input written to //p' "$work/fuzz.log" | tail -n 1)
		if [[ -n $input ]]; then
			"$work/fuzz.test" -test.run "^$2\$/^${input##*/}\$" >>"$work/fuzz.log" 2>&1 || {
				cat "$input" >>"$work/fuzz.log"
				exit 1
			}
			rm -- "$input"
		elif ! grep -qx ' *context deadline exceeded' "$work/fuzz.log"; then
			exit 1
		fi
		echo "$1 $2: try $try failed without an input that fails by itself"
	done
	exit 1
)

# check_report looks at the page of gsign verify in a browser.
check_report() {
	CGO_ENABLED=0 go build -o "$work/gsign-report" ./cmd/gsign
	mkdir -p "$work/report"
	python3 "$here/report/look.py" "$work/gsign-report" "$work/report"
}

check_shell() {
	local f scripts=()
	while IFS= read -r -d '' f; do
		[[ -f $f ]] && head -n 3 "$f" | grep -qaE '^#!.*bash|shellcheck shell=bash' && scripts+=("$f")
	done < <(files scripts .ci)
	shellcheck -x -P "$root" "${scripts[@]}"
	echo "${#scripts[@]} scripts"
}

judge_file() { # ROOTS ORIGINAL SIGNED
	local python classpath
	python=$(venv judges "$here/judges/requirements.txt")/bin/python
	classpath=$(java_program "$here/judges/dss")
	"$python" "$here/judges/file.py" "$classpath" "$@"
}

# A Go program in a module of its own signs with the public packages alone.
check_example() {
	local in=$root/testdata/pdfs/libreoffice.pdf
	(cd "$here/example" && go vet -mod=readonly ./... && go build -mod=readonly -o "$work/example" .) || {
		echo "if go.sum is out of date: cd scripts/example && go mod tidy"
		return 1
	}
	mkdir "$work/roots"
	"$work/example" "$in" "$work/example.pdf" "$work/roots"
	judge_file "$work/roots" "$in" "$work/example.pdf"
}

# The first command of README is run literally in a copy of the tree, and must sign; the second is this script.
check_readme() {
	local commands copy new
	mapfile -t commands < <(awk '/^```/ { code = !code; next } code && /^\$ / { print substr($0, 3) }' README.md)
	if ((${#commands[@]} < 2)) || [[ ${commands[1]} != ./scripts/test* ]]; then
		printf 'README must begin with two commands, the second ./scripts/test; found:\n'
		printf '  %s\n' "${commands[@]:0:3}"
		return 1
	fi
	copy=$work/copy
	mkdir "$copy"
	files | tar --null -T - --ignore-failed-read -cf - 2>/dev/null | tar -xf - -C "$copy"
	touch "$work/before"
	echo "\$ ${commands[0]}"
	(cd "$copy" && bash -c "${commands[0]}")
	new=$(find "$copy" -name '*.pdf' -newer "$work/before" -not -path "$copy/testdata/*")
	[[ -n $new ]] || {
		echo "the first command made no PDF"
		return 1
	}
	pdfsig -nocert "$new" | tee "$work/pdfsig.log"
	grep -q 'Signature is Valid' "$work/pdfsig.log"
}

check_vulnerabilities() {
	local tool code=0
	tool=$(go_tool golang.org/x/vuln/cmd/govulncheck "$govulncheck_version" 2>"$work/vuln.log") || {
		echo "govulncheck $govulncheck_version cannot be had from here"
		return 77
	}
	timeout 120 "$tool" ./... >"$work/vuln.log" 2>&1 || code=$?
	if ((code != 0 && code != 3)); then
		# Code 3 means found. Anything else here is the database: unreachable, or not for us.
		echo "govulncheck: its database is not reachable from here ($(tail -n 1 "$work/vuln.log" | cut -c1-60 | sed 's#https\?://[^ ]*#…#'))"
		return 77
	fi
	cat "$work/vuln.log"
	return "$code"
}
