// Package child starts programs that speak gRPC after the handshake of go-plugin, and ends them: plugins of recipe, and
// providers of others that begin in the same way.
//
// A program is foreign code. It gets a few variables of the environment, a directory of its own and a process group of its
// own, which ends with it. It has 5 s to say its line, may only name a unix socket in a directory that was made for it, and
// what it prints later is dropped, since that may hold what it was given.
package child
