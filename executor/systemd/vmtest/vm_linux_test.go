package vmtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

// The processes of testdata/shop, and which of them need which.
var (
	processes = 7
	needs     = [][2]string{
		{"app.front[0].process.web", "app.mid[0].process.web"}, {"app.front[1].process.web", "app.mid[0].process.web"},
		{"app.mid[0].process.web", "middleware.postgresql[0].process.server"}, {"app.mid[0].process.web", "middleware.redis[0].process.server"},
	}
	users = []string{"root", "ada"} // of the machine's systemd, and of one's own
)

// healthy succeeds when all of them are ready.
var healthy = fmt.Sprintf(`test $(recipe ps | grep -c " ready ") = %d`, processes)

// apply is what installs the stack.
const apply = "recipe apply -auto-approve -bundle=/mnt/shop.bundle shop"

// TestVM tries an agent of the machine's systemd and one of a user's beside each other.
func TestVM(t *testing.T) {
	m := newMachine(t)
	first := m.boot()
	torture.Report(t, "VM", "%s, %s, %s", m.name, strings.TrimSpace(m.as("root", "uname -r")), strings.TrimSpace(m.as("root", "systemctl --version | head -1")))
	cutWhileApplying(m)
	recovered := m.boot()
	for _, user := range users {
		took := m.eventually(user, healthy)
		m.as(user, "recipe plan -detailed-exitcode shop")
		torture.Report(t, "VM", "%s: the power was cut while it was applied: all %d ready %s after the boot, nothing left to do", user, processes, round(took))
	}
	torture.Report(t, "VM", "boots took %s and %s", round(first), round(recovered))
	for _, user := range users {
		limits(m, user)
		restarts(m, user)
	}
	reboots(m)
}

// cutWhileApplying installs the agents and cuts the power when the first of two databases is there and the second is not.
func cutWhileApplying(m *machine) {
	for _, user := range users {
		m.as(user, "cp -r /mnt/shop . && recipe agent install && recipe doctor | grep 'control groups *version 2: cpu, memory, pids'")
		m.as(user, "("+apply+" >apply.log 2>&1 &)")
	}
	for _, user := range users {
		m.eventually(user, "grep 'redis.*deb.server created' apply.log")
	}
	for _, user := range users {
		if text, ok := m.try("as " + user + " 'grep Done: apply.log'"); ok {
			m.Logf("%s: the apply was through before the power was cut: %s", user, text)
		}
	}
	m.cutPower()
}

// limits looks at the groups of processes with limits, and has one ask for more memory than it may have.
func limits(m *machine, user string) {
	groups := strings.Fields(m.as("root", "find /sys/fs/cgroup -type d -name 'recipe.shop_app.*' -path '*"+slice(user)+"*/recipe-apps.service/*'"))
	if len(groups) != 2 {
		m.Fatalf("%s: groups: %q", user, groups)
	}
	for _, want := range []string{"/*eater*/memory.max:33554432", "/*eater*/memory.oom.group:1", "/*bounded*/pids.max:20", "/*bounded*/cpu.max:25000 100000"} {
		file, value, _ := strings.Cut(want, ":")
		m.as("root", "cd "+groups[0]+"/..; test \"$(cat ."+file+")\" = '"+value+"'")
	}
	m.as("root", "touch /srv/signs/food-"+person(user))
	took := m.eventually(user, "recipe events | grep 'app.eater.*out of memory: its limit is 32 MiB'")
	cause := strings.TrimSpace(m.as(user, "recipe events | grep -m1 -o 'out of memory.*'"))
	m.as("root", "rm /srv/signs/food-"+person(user))
	m.eventually(user, healthy)
	torture.Report(m.T, "VM", "%s: limits are below %s; %q after %s", user, groups[0][:strings.LastIndexByte(groups[0], '/')], cause, round(took))
}

// person is the user that apps of an agent run as.
func person(user string) string {
	if user == "root" {
		return "nobody"
	}
	return user
}

// slice is where the groups of a user's systemd are.
func slice(user string) string {
	if user == "root" {
		return "system.slice"
	}
	return "user.slice"
}

// restarts kills the agent, and has systemd restart, stop and start it. The apps must not notice.
func restarts(m *machine, user string) {
	const pids = `recipe ps | awk 'NR>1 {print $2, $5}'`
	control := "systemctl"
	if user != "root" {
		control += " --user"
	}
	before, ledger := m.as(user, pids), m.as("root", "cat /srv/ledger")
	check := func(what string, took time.Duration) {
		if after := m.as(user, pids); after != before {
			m.Fatalf("%s: %s: the processes were\n%sand are\n%s", user, what, before, after)
		}
		torture.Report(m.T, "VM", "%s: %s: the %d processes of before are adopted and ready after %s", user, what, processes, round(took))
	}
	m.as(user, "kill -9 $("+control+" show recipe -p MainPID --value)")
	check("agent killed", m.eventually(user, control+" is-active recipe && "+healthy))
	m.as(user, control+" restart recipe")
	check("agent restarted", m.eventually(user, healthy))
	m.as(user, control+" stop recipe && ! "+control+" is-active recipe")
	check("agent stopped; the next command has systemd start it", m.eventually(user, healthy+" && "+control+" is-active recipe"))
	m.as(user, "recipe agent -stop && ! "+control+" is-active recipe && "+control+" start recipe")
	check("agent -stop, and systemctl start", m.eventually(user, healthy))
	if now := m.as("root", "cat /srv/ledger"); now != ledger {
		m.Fatalf("%s: apps were started:\n%s", user, strings.TrimPrefix(now, ledger))
	}
}

// reboots ends the machine in order, and then not.
func reboots(m *machine) {
	took := m.powerOff()
	torture.Report(m.T, "VM", "the machine was down after %s", round(took))
	m.boot()
	for _, user := range users {
		took := m.eventually(user, healthy)
		inOrder(m, user)
		database(m, user, "was shut down at")
		torture.Report(m.T, "VM", "%s: booted, all ready after %s, in order; PostgreSQL was shut down cleanly", user, round(took))
	}
	m.cutPower()
	m.boot()
	for _, user := range users {
		took := m.eventually(user, healthy)
		inOrder(m, user)
		database(m, user, "was interrupted")
		m.as(user, "recipe plan -detailed-exitcode shop")
		torture.Report(m.T, "VM", "%s: the power was cut: all ready after %s, in order, nothing left to do", user, round(took))
	}
}

// inOrder looks whether each was started when what it needs was ready.
func inOrder(m *machine, user string) {
	events := m.as(user, "recipe events")
	for _, n := range needs {
		began, ready := strings.Index(events, n[0]+": starting"), strings.Index(events, n[1]+": ready")
		if began < 0 || ready < 0 || ready > began {
			m.Fatalf("%s: %s was started before %s was ready:\n%s", user, n[0], n[1], events)
		}
	}
}

// database looks at what PostgreSQL found when it was started last.
func database(m *machine, user, want string) {
	found := m.as(user, "recipe logs -stack=shop middleware.postgresql | grep -aE 'database system was (shut down at|interrupted)' | tail -1")
	if !strings.Contains(found, want) {
		m.Fatalf("%s: PostgreSQL found %q, want %q", user, found, want)
	}
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
