//go:build !unix

package builtin

// flush does nothing: there is no call for it.
type flush struct{}

func newFlush(...string) (flush, error) { return flush{}, nil }

func (flush) flush() error { return nil }

func (flush) close() {}
