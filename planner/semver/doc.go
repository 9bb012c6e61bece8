// Package semver reads versions and version constraints, and tells which versions a constraint allows.
//
// A version is MAJOR.MINOR.PATCH, or a part of that (1.2 is 1.2.0), with an optional prerelease and optional build
// metadata, ordered as Semantic Versioning 2.0.0 says. Build metadata is kept for people and ignored by every
// comparison.
//
// A constraint is one or more alternatives, joined by ||. An alternative is one or more terms that hold together,
// joined by commas or spaces. A term is one of
//
//	=1.2.3  1.2.3   exactly that version; a part stands for its smallest version, so 1.2 is 1.2.0
//	!=1.2.3         every other version
//	>  >=  <  <=    as they say
//	~>1.2.3         the last part that is written may grow: >=1.2.3, <1.3.0; ~>1.2 and ~>1 are >=1.2.0 (1.0.0), <2.0.0
//	^1.2.3          the first part that is not zero stays: >=1.2.3, <2.0.0; ^0.2.3 is >=0.2.3, <0.3.0
//	1.2.*  1.x  *   every version that begins so; * may be x or X, and may follow every operator
//
// # Prereleases
//
// A prerelease is allowed only where it is asked for: some term of the same alternative, other than one with !=, must
// name a prerelease of the same MAJOR.MINOR.PATCH, and all terms must hold. So >=1.0.0-rc.1 allows 1.0.0-rc.2 and
// 1.1.0, but not 1.1.0-rc.1. Cargo, npm and Terraform have the same rule.
package semver
