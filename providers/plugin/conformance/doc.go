// Package conformance tries a plugin's program as recipe plugin test does: how it starts, its schema, and all laws on cases
// that a file describes:
//
//	case "greeting" {
//	  type    = "demo_note"
//	  create  = { path = "${dir}/note", text = "hello" }
//	  updates = [{ path = "${dir}/note", text = "bye" }]   # each from the one before; what replaces stays the same
//	  wrong   = [{ path = "/", text = "hello" }]           # what cannot be made
//	  observe = ["cat", "${dir}/note"]                     # its output is what the world looks like
//	  damage  = ["rm", "${dir}/note"]                      # done behind the plugin's back
//	}
//
// Expressions know dir, an empty directory for each thing, unique, a word for each thing, and env, the environment.
package conformance
