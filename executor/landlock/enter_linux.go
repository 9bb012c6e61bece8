package landlock

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An Error says which step failed, and why.
type Error struct {
	What  string // "open /srv/media, which the sandbox allows"
	Errno error
}

// Error says what could not be done and why.
func (e *Error) Error() string { return "cannot " + e.What + ": " + e.Errno.Error() }

// Unwrap returns the number from the kernel.
func (e *Error) Unwrap() error { return e.Errno }

// Version returns the version of the kernel's interface, 0 if there is none or it is switched off.
func Version() int {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// Run calls f in a thread that has entered the domain, so that what f starts is in it from its first step on. The calling
// goroutine stays outside. With a nil domain f is called in the calling goroutine. An error is that of f, or of Enter.
func (d *Domain) Run(f func() error) error {
	if d == nil {
		return f()
	}
	done := make(chan error)
	Apart(func() {
		err := d.Enter()
		if err == nil {
			err = f()
		}
		done <- err
	})
	return <-done
}

// Apart calls f in a thread that ends with it, and does not wait. It is never the first thread of the process: that one cannot end,
// and what others may do to the process goes by the domain of that one.
func Apart(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f() // and the thread is never unlocked
			return
		}
		defer runtime.UnlockOSThread()
		elsewhere := make(chan struct{})
		Apart(func() { close(elsewhere); f() }) // not here, as long as this goroutine waits
		<-elsewhere
	}()
}

// Enter puts the calling thread into the domain, for good: it has to be one of Apart. The thread also gives up new privileges, without which the kernel lets nobody enter. Nothing happens with
// a nil domain, and on a kernel below Least. An error is an *Error; the thread is then outside.
func (d *Domain) Enter() error {
	if d == nil {
		return nil
	}
	return d.enter(Version())
}

// enter is Enter on a kernel of that version.
func (d *Domain) enter(version int) error {
	if version < Least {
		return nil
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: handled(version)}
	if d.Scoped && version >= ScopeVersion {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	set, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Offsetof(attr.Quiet_access_fs), 0)
	if errno != 0 {
		return &Error{"make the rules of a sandbox", errno}
	}
	defer unix.Close(int(set))
	for _, rules := range [][]Rule{d.Base, d.Rules} {
		for i := range rules {
			if err := rules[i].add(int(set), attr.Handled_access_fs); err != nil {
				return err
			}
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return &Error{"give up new privileges", err}
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno != 0 {
		return &Error{"enter the sandbox", errno}
	}
	return nil
}

// add puts the rule into a set that handles some rights.
func (r *Rule) add(set int, handled uint64) error {
	fd, err := unix.Open(r.Path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if r.Optional && (err == unix.ENOENT || err == unix.EACCES || err == unix.ENOTDIR || err == unix.ELOOP) {
		return nil
	}
	if err != nil {
		return &Error{"open " + r.Path + ", which the sandbox allows", err}
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return &Error{"look at " + r.Path + ", which the sandbox allows", err}
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: r.rights(stat.Mode&unix.S_IFMT == unix.S_IFDIR) & handled, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(set), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return &Error{"allow " + r.Path, errno}
	}
	return nil
}

const (
	readFile  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	writeFile = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	// Making devices is in nobody's rules: whoever may make any may do all.
	writeDir = unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REFER
)

// rights are those of the kernel that stand for the access.
func (a Access) rights(directory bool) uint64 {
	rights := uint64(readFile)
	if directory {
		rights |= unix.LANDLOCK_ACCESS_FS_READ_DIR
	}
	if a == Write {
		rights |= writeFile
		if directory {
			rights |= writeDir
		}
	}
	return rights
}

// handled are all rights to files that a version knows and this package gives or refuses.
func handled(version int) uint64 {
	all := uint64(unix.LANDLOCK_ACCESS_FS_REFER<<1 - 1) // version 2, the first one here
	if version >= 3 {
		all |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 5 {
		all |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return all
}
