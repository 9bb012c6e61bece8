//go:build !linux

package landlock

// Version is 0 on other systems than Linux.
func Version() int { return 0 }

// Run calls f. There are no domains on other systems than Linux.
func (d *Domain) Run(f func() error) error { return f() }

// Apart calls f in a goroutine of its own.
func Apart(f func()) { go f() }

// Enter does nothing.
func (d *Domain) Enter() error { return nil }
