package cgroup

import (
	"reflect"
	"testing"

	"github.com/nsynapse/recipe/executor/shim/protocol"
)

func TestPlaces(t *testing.T) {
	const mounts = "30 23 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n" +
		"31 30 0:27 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n" +
		"32 30 0:28 /docker/7 /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
		"33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n" +
		"34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	const own = "4:memory:/user/shell\n3:cpu,cpuacct:/docker/7/x\n1:name=systemd:/a:b\n0::/session.scope\n"
	want := []place{
		{[]string{"memory"}, "/sys/fs/cgroup/memory", "/sys/fs/cgroup/memory/user/shell"},
		{[]string{"cpu", "cpuacct"}, "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/x"},
		{[]string{"name=systemd"}, "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/systemd/a:b"},
		{nil, "/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/session.scope"},
	}
	if got := places(mounts, own); !reflect.DeepEqual(got, want) {
		t.Errorf("places:\n %q\nwant\n %q", got, want)
	}
	// A container that sees its part of the hierarchy only.
	if got := below("/sys/fs/cgroup/memory", "/docker/7", "/elsewhere"); got != "/sys/fs/cgroup/memory" {
		t.Error(got)
	}
}

func TestGroups(t *testing.T) {
	l := Limits{Memory: 256 << 20, CPU: 0.5, PIDs: 100}
	first := Host{version: 1, bases: map[string]string{Memory: "/m/own", PIDs: "/p"}}
	name := groupName("shop/app.web[0].process.web", "/home/u")
	want := []protocol.Cgroup{
		{Dir: "/m/own/" + name, Set: []protocol.Setting{
			{File: "memory.limit_in_bytes", Value: "268435456"}, {File: "memory.memsw.limit_in_bytes", Value: "268435456", Optional: true}}},
		{Dir: "/p/" + name, Set: []protocol.Setting{{File: "pids.max", Value: "100"}}},
	}
	if got := first.Groups("shop/app.web[0].process.web", "/home/u", l); !reflect.DeepEqual(got, want) {
		t.Errorf("first generation:\n %+v\nwant\n %+v", got, want)
	}
	if got := first.Lacks(l); !reflect.DeepEqual(got, []string{CPU}) {
		t.Errorf("lacks %q", got)
	}
	second := Host{version: 2, bases: map[string]string{Memory: "/c", CPU: "/c", PIDs: "/c"}}
	want = []protocol.Cgroup{{Dir: "/c/" + name, Set: []protocol.Setting{
		{File: "memory.max", Value: "268435456"}, {File: "memory.swap.max", Value: "0", Optional: true}, {File: "memory.oom.group", Value: "1", Optional: true},
		{File: "cpu.max", Value: "50000 100000"}, {File: "pids.max", Value: "100"},
	}}}
	if got := second.Groups("shop/app.web[0].process.web", "/home/u", l); !reflect.DeepEqual(got, want) {
		t.Errorf("second generation:\n %+v\nwant\n %+v", got, want)
	}
	if groupName("a", "/home/u") == groupName("a", "/home/v") {
		t.Error("two homes share a group")
	}
}

func TestParseMemory(t *testing.T) {
	for text, want := range map[string]int64{"256MiB": 256 << 20, "3GiB": 3 << 30, "5KiB": 5 << 10, "7B": 7, "0B": 0, "": 0, "12": 0, "-1MiB": 0, "1.5GiB": 0, "9223372036854775807GiB": 0} {
		if got, ok := ParseMemory(text); ok != (want > 0) || ok && got != want {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
}
