// Package builtin holds the resource types in the box: files and directories, commands, Go builds, generated
// secrets, and the users that a binding makes in PostgreSQL and Redis. Each type is one file with its schema beside
// it; the descriptions in the schemas are what the docs page of resource types is made from.
//
// Some attributes are filled in by the engine and never by the author of a recipe: base, name and state_dir. Their
// descriptions say so.
package builtin
