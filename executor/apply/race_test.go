//go:build race

package apply_test

// raceDetector makes everything slower.
const raceDetector = true
