// Package doctor looks what this machine can do for recipe, and says what to do about what it cannot. It changes nothing that
// lasts.
package doctor
