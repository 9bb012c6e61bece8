// Package port hands out TCP ports on the loopback address, each to one owner for as long as the owner wants it.
//
// An Allotter remembers what it handed out; what other programs of the machine hold it learns from the kernel, by
// binding the port for a moment, without listening. Nothing is kept bound: the owner binds the port itself, later, and
// somebody else may be faster. The default range makes that unlikely, and Free tells who it was.
package port
