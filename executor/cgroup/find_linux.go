package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/systemd"
)

// Look finds out what Use would, and changes nothing.
func Look() Host { return find(false) }

// Use finds out where groups may be made, and moves this process into a group of its own if it takes that. It is for the
// agent, before it starts anything.
func Use() Host { return find(true) }

func find(change bool) Host {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return Host{}
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return Host{}
	}
	first := Host{version: 1, bases: map[string]string{}}
	for _, p := range places(string(mounts), string(own)) {
		if p.controllers == nil {
			if h := second(p, change); len(h.bases) > 0 {
				return h
			}
			continue
		}
		first.take(p)
	}
	if len(first.bases) == 0 {
		return Host{}
	}
	return first
}

// take notes a hierarchy of the first generation if a group can be made in it.
func (h Host) take(p place) {
	for _, c := range p.controllers {
		if c != Memory && c != CPU && c != PIDs {
			continue
		}
		for _, dir := range []string{p.own, p.mount} {
			if mayMake(dir) {
				h.bases[c] = dir
				break
			}
			if _, err := os.Stat(dir); err == nil {
				break // our own group is there and closed to us; the top is none of our business
			}
		}
	}
}

// mayMake tries to make a group: rights alone do not tell.
func mayMake(dir string) bool {
	probe := filepath.Join(dir, "recipe.probe."+strconv.Itoa(os.Getpid()))
	if os.Mkdir(probe, 0o755) != nil {
		return false
	}
	return os.Remove(probe) == nil
}

// second is the host of the second generation. It has no bases if nothing may be made.
func second(p place, change bool) Host {
	h := Host{version: 2, bases: map[string]string{}}
	for _, dir := range bases(p) {
		if dir == systemd.AppsOf(p.own) && change {
			h.shims = shimGroup(dir)
		}
		for _, c := range controllersOf(dir, change) {
			h.bases[c] = dir
		}
		if len(h.bases) > 0 {
			return h
		}
	}
	return h
}

// shimGroup makes the group for those who run in none of their own, and moves there who is in dir, which may have nobody in it:
// the process that keeps the unit. It is "" if there is no such unit.
func shimGroup(dir string) string {
	group := filepath.Join(dir, shimsGroup)
	if err := os.Mkdir(group, 0o755); err != nil && !os.IsExist(err) {
		return ""
	}
	for _, pid := range wordsOf(filepath.Join(dir, "cgroup.procs")) {
		_ = os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(pid), 0) // it may have ended
	}
	return group
}

// bases lists the directories in which groups might be made, the best first.
func bases(p place) []string {
	var dirs []string
	if apps := systemd.AppsOf(p.own); apps != "" {
		dirs = append(dirs, apps)
	}
	if filepath.Base(p.own) == agentGroup && p.own != p.mount {
		dirs = append(dirs, filepath.Dir(p.own))
	}
	if p.own != p.mount {
		dirs = append(dirs, p.own)
	}
	return append(dirs, p.mount)
}

const (
	agentGroup = "agent" // of the agent itself, below the one that was handed to it
	shimsGroup = "shims" // of shims and of apps without limits, below the one that was handed to the apps
)

// controllersOf returns which controllers groups in dir can have, after switching them on if change allows that.
func controllersOf(dir string, change bool) []string {
	switches := filepath.Join(dir, "cgroup.subtree_control")
	if unix.Access(switches, unix.W_OK) != nil || !vacate(dir, change) {
		return nil
	}
	offered := wordsOf(filepath.Join(dir, "cgroup.controllers"))
	if change {
		for _, c := range []string{Memory, CPU, PIDs} {
			if slices.Contains(offered, c) {
				_ = os.WriteFile(switches, []byte("+"+c), 0) // what came of it is read below
			}
		}
		offered = wordsOf(switches)
	}
	return slices.DeleteFunc(offered, func(c string) bool { return c != Memory && c != CPU && c != PIDs })
}

// vacate moves us out of dir if we are alone in it. It reports false if others are, who would have to be moved too.
func vacate(dir string, change bool) bool {
	if _, err := os.Stat(filepath.Join(dir, "cgroup.type")); err != nil {
		return true // the root may bound groups with processes in it
	}
	switch inside := wordsOf(filepath.Join(dir, "cgroup.procs")); {
	case len(inside) == 0:
		return true
	case len(inside) > 1 || inside[0] != strconv.Itoa(os.Getpid()):
		return false
	case !change:
		return true
	}
	own := filepath.Join(dir, agentGroup)
	if err := os.Mkdir(own, 0o755); err != nil && !os.IsExist(err) {
		return false
	}
	return os.WriteFile(filepath.Join(own, "cgroup.procs"), []byte("0"), 0) == nil
}

func wordsOf(file string) []string {
	text, _ := os.ReadFile(file)
	return strings.Fields(string(text))
}
