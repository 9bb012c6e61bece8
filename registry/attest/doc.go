// Package attest makes what is published beside a package: the list of what is in it (SBOM, CycloneDX) and where it comes
// from (SLSA provenance, an in-toto statement in a DSSE envelope). Both are referrers of the package's index, where the
// tools of others look for them. The envelope is signed with the key of the publisher, whose fingerprint is its key id,
// and has the digests of the archives as subjects and that of the list among its byproducts. Neither has a time in it:
// publishing the same again gives the same bytes.
package attest
