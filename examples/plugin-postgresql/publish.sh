#!/bin/sh
# Builds the plugin, publishes it into the directory packages beside this file with the key of acme, and trusts that key as a user
# would who was told its fingerprint. The stack in published/ uses it from there.
set -eu
cd "$(dirname "$0")"
export CGO_ENABLED="${CGO_ENABLED:-0}" # without it the program runs on every Linux
for platform in linux-amd64; do
	GOOS=${platform%-*} GOARCH=${platform#*-} go build -o "bin/$platform/postgresql" .
done
if ! recipe key list | grep -q "^acme "; then
	recipe key new acme
fi
recipe publish -registry="file://$(pwd)/packages"
recipe trust add acme "$(recipe key list | sed -n "s/^acme //p")"
