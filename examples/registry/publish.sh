#!/bin/sh
# Publishes the three packages, each with the key of its publisher, and trusts the three as a user would who was told
# their fingerprints.
set -eu
cd "$(dirname "$0")"
registry="file://$(pwd)/packages"
for package in acme:theme globex:greeting initech:page; do
	namespace=${package%:*}
	if ! recipe key list | grep -q "^$namespace "; then
		recipe key new "$namespace"
	fi
	recipe publish -registry="$registry" "${package#*:}"
	recipe trust add "$namespace" "$(recipe key list | sed -n "s/^$namespace //p")"
done
