// Package oci keeps objects in registries that follow the OCI distribution specification, and in plain directories
// with the OCI image layout. It knows nothing of packages: it moves blobs, manifests and tags, and lets nothing through
// that does not have the digest and size it has to.
//
//	oci://HOST[:PORT][/PREFIX]         a registry; Docker's credentials and their helpers are used
//	oci+http://HOST:PORT[/PREFIX]      the same without TLS, on this machine only
//	file:///DIRECTORY                  a directory; for each repository a directory below it
package oci
