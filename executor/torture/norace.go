//go:build !race

package torture

// RaceDetector is whether the tests are watched by it, which takes time and memory of its own.
const RaceDetector = false
