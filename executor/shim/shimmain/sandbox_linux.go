package shimmain

import (
	"errors"
	"path/filepath"

	"github.com/nsynapse/recipe/executor/landlock"
	"github.com/nsynapse/recipe/executor/shim/protocol"
)

// confine puts the calling thread into the sandbox of the app, if it has one, and so what the thread forks. Besides what the spec
// allows, the app may execute its own program and open its output anew, as /dev/stdout does.
func confine(spec *protocol.Spec, program string) error {
	if spec.Sandbox == nil {
		return nil
	}
	own := []landlock.Rule{
		landlock.Program(program, spec.WorkDir),
		{Path: filepath.Join(spec.Dir, protocol.FIFO), Access: landlock.Write},
	}
	if len(spec.Limits) > 0 { // which are set by the shim's program, in the new process
		own = append(own, landlock.Rule{Path: "/proc/self/exe", Access: landlock.Read})
	}
	err := spec.Sandbox.With(own...).Enter()
	if e, ok := errors.AsType[*landlock.Error](err); ok {
		return failed(e.What, e.Errno)
	}
	return err
}
