package doctor

import (
	"context"
	"fmt"

	"github.com/nsynapse/recipe/executor/landlock"
)

// keptApart tells what sandboxes are made of here.
func keptApart(_ context.Context, in Input) []Finding {
	const name = "landlock"
	const open = "Apps reach every file that their user may, those of other instances too. "
	version := fmt.Sprintf("version %d", in.Landlock)
	switch {
	case in.Landlock == 0:
		return []Finding{without(name, "the kernel has none, or it is switched off, or a container hides it", open+"Run a kernel of 5.19 or newer with CONFIG_SECURITY_LANDLOCK, and landlock in the list of the boot parameter lsm=.")}
	case in.Landlock < landlock.Least:
		return []Finding{without(name, version+", with which files cannot be moved between directories", open+"Run a kernel of 5.19 or newer.")}
	case in.Landlock < landlock.ScopeVersion:
		return []Finding{without(name, version+": instances are kept to their own files", "They can send signals to other processes of their user. A kernel of 6.12 or newer keeps these in, too.")}
	}
	return []Finding{fine(name, version+": instances are kept to their own files and signals")}
}

// whom tells whom apps run as, and what follows from that.
func whom(_ context.Context, in Input) []Finding {
	const name = "user of apps"
	if in.UID == 0 {
		return []Finding{fine(name, "nobody, who cannot talk to the agent")}
	}
	hint := "An app that means harm can ask the agent for all that you can. "
	if in.Landlock >= landlock.Least {
		hint = "The sandbox keeps them from the agent. But an app that means harm can ask other servers of yours, such as systemd, for what it may not do itself. "
	}
	return []Finding{without(name, "your own", hint+"Run what you do not trust under an agent of root, whose apps are the user nobody.")}
}
