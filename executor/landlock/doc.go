// Package landlock keeps a process, and all that it starts, to some files. The kernel does that (see landlock(7)), for any user;
// a process that has entered a domain cannot leave it.
//
// The kernel's interface has versions. What this package makes of them:
//
//	0, 1  nothing: there is none, or it forbids to move files between directories
//	2     files; but a file outside may be truncated
//	3, 4  files
//	5     and devices are spoken to (ioctl) only where they may be written
//	6     and no signals leave the domain, nor do connections to abstract sockets, if it is scoped
//
// What it does not know at all: connecting to a socket that is a file, changing the rights and times of files, and asking for
// their names and sizes.
package landlock
