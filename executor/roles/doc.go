// Package roles decides which instances of a component are primaries and which are backups. It knows no process: it is
// told how the units of the instances are, and answers what is to be done. A component has a Machine if its stack asks
// for backups.
//
//	             it is lost, a backup is able, and nothing of it runs any more
//	primary ───────────────────────────────────────────────────────────────────▶ backup
//	   ▲                                                                           │
//	   └─────────────── the lowest that is able, with the next token ◀─────────────┘
//
// Both arrows are one step, a promotion, and one record on disk: there is no moment without a record of who is primary,
// and none in which two are.
//
// # Lost
//
// A primary is lost when its main process has ended or was asked to end, when its readiness check fails, or when its
// liveness check does. One that starts is not lost: it is given the time that its startup check allows. One that was not
// started yet, in the beginning or by an agent that began after its end, is lost to a backup that runs, and not to one that is
// held. As long as no backup is able to take over, a lost primary stays the primary and is started again.
//
// # Able
//
// A backup is able when its main process is ready, or held: a process that is not to run in a backup waits like that.
// To an agent that begins, one that runs is what it was to the agent before: ready, if it was that.
//
// One that is not able, but runs, takes over when a person says so: Force. Whoever says it gives up what that backup lacks.
//
// # Fenced
//
// Before another one is promoted, nothing of the lost one may run. What still does is ended: at once if a check says that
// it does not work, otherwise in the way that its recipe has for it. Until all of it is gone, no part of it is started
// again.
//
// # Tokens
//
// A token is a number that one run of a primary's main process has been given: by its promotion, or when it starts as
// primary. It is the last one plus one, and it is on disk before anybody is told.
package roles
