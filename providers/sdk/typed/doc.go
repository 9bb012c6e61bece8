// Package typed makes resource types of Go structs, so that an author writes three functions and no cty. The tags of the
// fields are the schema:
//
//	type extension struct {
//		URL     string `cty:"url" recipe:"required,sensitive" doc:"The database, as postgres://user:password@host/name."`
//		Name    string `cty:"name" recipe:"required,replace" doc:"What is installed: hstore."`
//		Schema  string `cty:"schema" default:"public" doc:"Where its objects go."`
//		Version string `cty:"version" recipe:"computed" doc:"What was installed."`
//	}
//
//	recipe:"…"   any of required, computed, sensitive, replace, stable and restart, as in sdk.Attribute
//	default:"…"  a string as it is, any other type as JSON
//	doc:"…"      the description
//
// Fields are strings, booleans, numbers, and slices, maps with string keys, structs and pointers of these. An attribute
// that is not set is the zero value of its field; where that has to be told from a zero that was set, make it a pointer.
package typed
