package doctor

import (
	"context"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel looks at what a shim and an app get from the kernel.
func kernel(context.Context, Input) []Finding {
	var name unix.Utsname
	_ = unix.Uname(&name)
	all := []Finding{fine("system", "Linux "+unix.ByteSliceToString(name.Release[:]))}
	newer := "Shims need it. Run a kernel of 5.9 or newer."
	all = append(all, needed("pidfd", "processes cannot be mistaken for others", newer, pidfd()),
		needed("subreaper", "what an app leaves behind is found", newer, unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(new(int32))), 0, 0, 0)),
		needed("close_range", "apps inherit no files", newer, unix.CloseRange(^uint(0)-1, ^uint(0)-1, 0)))
	return all
}

func needed(name, detail, hint string, err error) Finding {
	if err != nil {
		return missing(name, err.Error(), hint)
	}
	return fine(name, detail)
}

func pidfd() error {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err == nil {
		err = unix.Close(fd)
	}
	return err
}

// groups tells which limits can be enforced.
func groups(_ context.Context, in Input) []Finding {
	missing := in.Cgroups.Lacks()
	hint := "Limits of " + strings.Join(missing, ", ") + " have no effect. Run the agent as root"
	if systemdRuns() {
		hint += ", or as a unit of systemd that hands it a group: recipe agent install"
	}
	hint += "."
	if in.Cgroups.Version == 0 {
		return []Finding{without("control groups", "the agent may make none", hint)}
	}
	seen := fmt.Sprintf("version %d: %s", in.Cgroups.Version, strings.Join(in.Cgroups.Controllers, ", "))
	if len(missing) > 0 {
		return []Finding{without("control groups", seen, hint)}
	}
	return []Finding{fine("control groups", seen)}
}
