// Package laws states the promises of sdk.Resource as laws, and tries each of them on the real thing:
//
//   - Nothing is read before a creation; what was applied is read back, all computed attributes known.
//   - The same Apply with the same token again changes nothing, as after a crash.
//   - An Apply that was stopped anywhere converges when it is repeated; so does one whose plugin was killed.
//   - Undo of a creation, an update and a deletion restores what an independent observer saw before.
//   - What is deleted is gone, and may be deleted again.
//   - Damage from outside is seen by Read and repaired by Apply.
//   - A failure leaves nothing, or a value of the type that can be deleted.
//   - No value leaves the schema, and no sensitive value shows in a message or in another attribute.
//   - Different things may be changed at the same time.
//   - A type that plans changes nothing by that and keeps the promises of a planner; what is there as it is wanted stays; what it
//     says of something partly unknown is true when that is known; and it makes nothing that is not as it was planned.
//
// Tests try them by package sdktest, and recipe plugin test tries them on a plugin.
package laws
