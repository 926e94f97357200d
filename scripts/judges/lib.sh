# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sets the judges up: Debian packages, a virtual environment, the Java program; sourced by run.
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

debian qpdf poppler-utils libnss3-tools openssl maven openjdk-17-jdk-headless fonts-urw-base35
judges_python=$(venv judges "$root/scripts/judges/requirements.txt")/bin/python || die "could not set up pyHanko"
judges_classpath=$(java_program "$root/scripts/judges/dss") || die "could not set up EU DSS"
judges_vera=$(java_program "$root/scripts/judges/verapdf") || die "could not set up veraPDF"
judges_gsign=$cache/bin/gsign
(cd "$root" && go build -trimpath -o "$judges_gsign" ./cmd/gsign)
export judges_python judges_classpath judges_vera judges_gsign

printf 'judges: EU DSS 6.4, veraPDF 1.30.2, pyHanko 0.38.0, %s\n' "$(tr '\n' ',' <"$cache/debian-$(basename "$0").txt" | sed 's/,$//; s/,/, /g')"
