//go:build race

package supervisor

// raceDetector keeps memory of its own.
const raceDetector = true
