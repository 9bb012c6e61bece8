package cgroup

import (
	"path/filepath"
	"slices"
	"strings"
)

// A place is one hierarchy as this process sees it.
type place struct {
	controllers []string // of the first generation; nil for the second
	mount       string   // where its top is
	own         string   // the directory of our own group; below mount
}

// places reads /proc/self/mountinfo and /proc/self/cgroup, which proc(5) and cgroups(7) describe.
func places(mountinfo, cgroups string) []place {
	paths := map[string]string{} // by controller, "" for the second generation
	for line := range strings.Lines(cgroups) {
		words := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(words) < 3 {
			continue
		}
		for name := range strings.SplitSeq(words[1], ",") {
			paths[name] = words[2]
		}
	}
	var all []place
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		p := place{mount: left[4]}
		key := ""
		switch right[0] {
		case "cgroup2":
		case "cgroup":
			p.controllers = slices.DeleteFunc(strings.Split(right[2], ","), func(o string) bool { return paths[o] == "" })
			if len(p.controllers) == 0 {
				continue
			}
			key = p.controllers[0]
		default:
			continue
		}
		p.own = below(p.mount, left[3], paths[key])
		all = append(all, p)
	}
	return all
}

// below is the directory of a group, of whose hierarchy the part under root is mounted. A group that lies elsewhere is seen
// as the top: so it is in a container that sees its own part only.
func below(mount, root, path string) string {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(root, "/"))
	if !ok || strings.HasPrefix(rest, "/..") {
		return mount
	}
	return filepath.Join(mount, rest)
}
