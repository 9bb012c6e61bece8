// Package config reads .hcl files into Stack and Recipe: what was written, with source ranges. It checks structure
// and names, reports every mistake it finds together, and evaluates nothing.
package config
