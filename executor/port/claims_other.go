//go:build !linux

package port

// claims tell agents of one machine of each other on Linux only.
type claims struct{}

func openClaims() claims { return claims{} }

func (claims) take(int) bool { return true }

func (claims) drop(int) {}
