package disktest

import "errors"

// ErrPower is what every operation returns between a power cut and Crash.
var ErrPower = errors.New("the power is cut")

// Fault is something that goes wrong at a chosen operation.
type Fault struct {
	At     int    // which operation, counted from now; 1 is the next one; 0 is none
	Op     string // counts only operations of this name; "" counts all of them
	Err    error  // what it returns: syscall.EIO, syscall.ENOSPC
	Sticky bool   // all later operations fail too
	Cut    bool   // a power cut instead of Err: this operation and all later ones do nothing and return ErrPower
}

// Inject replaces the fault that is to come.
func (d *Disk) Inject(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.At > 0 {
		f.At += d.operations[f.Op]
	}
	d.fault, d.hit = f, 0
}

// Hit returns the operation, counted over the life of the disk, at which the injected error came first; 0 if it did not.
func (d *Disk) Hit() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hit
}

// Operations returns how many operations there have been.
func (d *Disk) Operations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.operations[""]
}

// operation counts one of that name and returns the error it has to fail with.
func (d *Disk) operation(name string) error {
	if d.watch != nil {
		d.watch(d.copy)
	}
	d.operations[name]++
	d.operations[""]++
	if d.off {
		return ErrPower
	}
	f, n := d.fault, d.operations[d.fault.Op]
	named := f.Op == "" || f.Op == name
	begun := f.At > 0 && n >= f.At
	hit := begun && (n == f.At && named || n > f.At && (f.Sticky && named || f.Cut))
	switch {
	case !hit:
		return nil
	case f.Cut:
		d.off = true
		return ErrPower
	}
	if d.hit == 0 {
		d.hit = d.operations[""]
	}
	return f.Err
}
