package shim

// PID returns the number of the prepared shim.
func (p *Prepared) PID() int { return p.child.pid }
