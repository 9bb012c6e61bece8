// Package plugin makes a program a plugin: its main function gives a provider to Serve. The other side, which starts
// plugins and calls them, is package host.
package plugin
