//go:build race

package main

// raceDetector makes unpacking PostgreSQL take minutes.
const raceDetector = true
