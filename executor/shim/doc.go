// Package shim runs one app under a parent of its own that outlives its user: the shim. Start makes a unit run,
// Find looks at one, Adopt takes over one that runs already, whether its shim still lives or was killed. Tail and
// Follow read what the app wrote.
//
// The unit's directory is the truth. A Process is only a view of it: dropping one, or killing its owner, changes
// nothing for the app.
package shim
