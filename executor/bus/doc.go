// Package bus is the message broker in the box: a NATS server with JetStream, run as the process `recipe bus` like
// any middleware, and its users.
//
// A bus has one directory:
//
//	jetstream/    streams and consumers, kept by the server
//	users/NAME    one user: "sha256 SALT HASH", SALT and HASH in base64, HASH = SHA-256(SALT PASSWORD)
//
// The users' files are read at each login. Adding or removing a user is writing or removing its file: there is no
// reload, and it may be done while the bus is down. All users share one account, so that what one app publishes
// another can consume.
package bus
