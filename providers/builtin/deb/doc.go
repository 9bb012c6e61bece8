// Package deb is the resource type "deb": packages of a Debian-like distribution with what they depend on, unpacked
// into the store. Nothing is installed on the machine, no script of a package runs, and neither root nor apt nor dpkg
// is needed: the type reads the machine's package sources and keyrings and does the rest by itself.
//
// What is trusted, link by link: the keys of the machine sign the Release file of a source; it holds the digest of
// the package index; that holds the digest of each package; and each package is checked right before it is unpacked.
package deb
