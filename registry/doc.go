// Package registry publishes packages and gets them: signed, verified before anything is parsed, and never changed.
//
// A version of a package is, in the repository named like the package,
//
//	tag             the version, "+" written as "_"; it is put last, so that an interrupted publish shows nothing
//	image index     artifactType application/vnd.recipe.package.v1; one manifest for each platform
//	image manifest  artifactType the same; config and layers:
//	  config        application/vnd.recipe.manifest.v1: the Manifest, a signed note; the same for all platforms
//	  layer 1       application/vnd.recipe.archive.v1.tar+zstd: the files, see registry/archive
//	  layer 2       application/vnd.recipe.keys.v1+json: the publisher's keys, see trust.History
//	  layer 3       application/vnd.recipe.schema.v1+json: of a plugin, the types that it supplies, see wire.SchemaFile
//
// The signed text is "recipe package 1", a newline, and the Manifest as JSON. It has the digests and sizes of all
// archives and of the schema, so nothing else has to be believed: of index and manifests only the way to the config is read. A solver
// needs the config alone.
//
// A version that must not be used any more has a tag "_status." and the version, for a manifest of the artifactType
// application/vnd.recipe.status.v1 whose config is a signed note too: "recipe status 1", a newline, and the Status as
// JSON. This tag may be replaced.
package registry
