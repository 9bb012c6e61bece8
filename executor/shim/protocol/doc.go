// Package protocol is what the shim program and its users agree on: the files of a unit's directory, the request
// that a shim reads, the answer that it gives, and how a process is told from a later one with the same number.
//
// It imports neither fmt nor net, since it is linked into the shim, of which one runs beside every app.
//
// # The directory of a unit
//
//	lock   locked (F_OFD_SETLK, whole file) by the shim as long as it lives; holds its ID, without an
//	       app and filled up with zeros, until id is there
//	id     who runs: see ID; meaningful only within one boot, therefore replaced at once but not synced
//	ended  how the app ended: see Exit; written before anything else is done about that, and not synced
//	exit   how the last run ended: see Exit; written when that is over, all output is in the log, and synced
//	out    the FIFO that is the app's stdout and stderr; app and shim hold it open for reading and writing,
//	       so that the app outlives the shim and what it wrote meanwhile is kept by the kernel
//	pos    16 bytes: see Position
//	groups the control groups of the app, one directory in each line; there is none without groups
//	log    what the app wrote; log.1 is the file before it, log.2 the one before that
//
// # The request
//
// A shim reads one Spec from its stdin up to the end of file. It holds clear secrets in the environment and is
// therefore never written to a file.
//
// # The answer
//
// One line on file descriptor 3, see Answer; then the descriptor is closed. A rescuing shim finds a pidfd of the
// app on descriptor 4, unless the app had ended before anybody had one.
package protocol

// The files of a unit's directory.
const (
	LockFile     = "lock"
	IDFile       = "id"
	EndedFile    = "ended"
	ExitFile     = "exit"
	FIFO         = "out"
	PositionFile = "pos"
	GroupsFile   = "groups"
	LogFile      = "log"
)

// The descriptors that a shim inherits beside stdin, stdout and stderr.
const (
	AnswerFD = 3
	AppFD    = 4 // rescue only
)

// Marker is the variable in the environment of an app that names the directory of its unit. By it an app is found
// whose shim was killed before the app's number was on disk.
const Marker = "RECIPE_UNIT"
