// Package protocol is the protocol between recipe and plugins as Go code; plugin.proto says what it means. All but this file
// is generated from there by make proto.
package protocol

// Version is the version of plugin.proto, the second number of a plugin's line.
const Version = 1

// The variable by which a program knows that recipe has started it as a plugin. It keeps no one out: it only lets a plugin
// that was started by hand say what it is.
const (
	CookieKey   = "RECIPE_PLUGIN"
	CookieValue = "1f6a0b94-provider"
)

// MaxMessage is the longest message in bytes. It is what gRPC in every language takes without being told.
const MaxMessage = 4 << 20
