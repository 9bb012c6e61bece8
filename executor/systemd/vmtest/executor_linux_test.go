package vmtest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nsynapse/recipe/executor/torture"
)

// The processes of testdata/placed, which are units of systemd.
const placed = 4

var (
	allPlaced = fmt.Sprintf(`test $(recipe ps -stack=placed | grep -c " ready .* run by acme/systemd") = %d`, placed)
	applyThem = "RECIPE_VAR_password=hunter2hunter2 recipe apply -auto-approve placed"
	planThem  = "RECIPE_VAR_password=hunter2hunter2 recipe plan -detailed-exitcode placed"
)

// TestVMExecutor has systemd run the instances of a stack, by examples/executor-systemd: once the machine's and once a user's.
func TestVMExecutor(t *testing.T) {
	m := newMachine(t)
	m.boot()
	for _, user := range users {
		converse(m, user)
	}
	for _, user := range users {
		m.as(user, "cp -r /mnt/placed . && recipe agent install && "+applyThem)
		arePlaced(m, user)
		endInVMAndComeBack(m, user)
		outlive(m, user)
		change(m, user)
	}
	m.powerOff()
	m.boot()
	for _, user := range users {
		took := m.eventually(user, allPlaced)
		m.as(user, planThem+" -var word=two")
		torture.Report(t, "VM", "%s: booted: the %d processes that systemd had forgotten were placed again after %s", user, placed, round(took))
		takeDown(m, user)
	}
}

// converse has the executor's own test speak with the real systemd. What root's says is kept on request, for machines without one.
func converse(m *machine, user string) {
	m.as(user, "/mnt/executor.test -test.v -test.timeout 3m -test.run TestConversation -record /tmp/said-"+user)
	if file := os.Getenv("RECIPE_VM_RECORD"); file != "" && user == "root" {
		must(m.T, os.WriteFile("../../../examples/executor-systemd/testdata/conversation.txt", []byte(m.as(user, "cat /tmp/said-"+user)), 0o644))
	}
	torture.Report(m.T, "VM", "%s: the executor has placed, changed and ended a process in every way of its test", user)
}

// control is systemctl for the manager that runs the units of a user's agent.
func control(user string) string {
	if user == "root" {
		return "systemctl"
	}
	return "systemctl --user"
}

// unitOf is the shell's word for the name of the one unit of a component.
func unitOf(user, component string) string {
	return fmt.Sprintf(`$(%s list-units --all --plain --no-legend 'recipe-placed-app.%s-*' | cut -d" " -f1)`, control(user), component)
}

// shows fails unless a unit has a property.
func shows(m *machine, user, component, property, want string) {
	m.Helper()
	got := strings.TrimSpace(m.as(user, control(user)+" show -p "+property+" --value "+unitOf(user, component)))
	if got != want {
		m.Fatalf("%s: %s of %s is %q, want %q", user, property, component, got, want)
	}
}

// arePlaced looks at the units that systemd has.
func arePlaced(m *machine, user string) {
	m.eventually(user, allPlaced)
	m.as(user, fmt.Sprintf(`test $(%s list-units --plain --no-legend 'recipe-placed-*' | grep -c " active running ") = %d`, control(user), placed))
	for _, p := range [][3]string{
		{"front", "Transient", "yes"}, {"front", "Slice", "recipe.slice"}, {"front", "NoNewPrivileges", "yes"}, {"front", "KillMode", "control-group"},
		{"eater", "MemoryMax", "33554432"}, {"bounded", "TasksMax", "20"}, {"bounded", "CPUQuotaPerSecUSec", "250ms"}, {"bounded", "MemoryMax", "67108864"},
	} {
		shows(m, user, p[0], p[1], p[2])
	}
	m.as("root", "cat /proc/$("+controlled(user)+" show -p MainPID --value "+unitAt(user, "front")+")/cmdline | tr '\\0' ' ' | grep -F '/mnt/app one $HOME %h'")
	m.as(user, `exec 3<>/dev/tcp/127.0.0.1/$(recipe output -stack=placed url | sed 's/.*://'); printf 'GET / HTTP/1.0\r\n\r\n' >&3; grep -F 'one $HOME %h of front' <&3`)
	// A secret is in a file that nobody else can read, and in nothing that everybody can.
	m.as("root", "! "+controlled(user)+" show "+unitAt(user, "front")+" | grep hunter2")
	m.as("root", "! grep -rl hunter2 /run/systemd/transient /run/user/*/systemd/transient")
	m.as("root", "find "+home(user)+"/stacks/placed -name environment -exec stat -c %a {} + | sort | uniq -c | grep -x ' *4 600'")
	m.eventually(user, "recipe logs -stack=placed app.front | grep 'app.front.* | '")
	torture.Report(m.T, "VM", "%s: %d processes are transient units, bounded by systemd; a password is in none of their properties", user, placed)
}

// home is the RECIPE_HOME of a user's agent.
func home(user string) string {
	if user == "root" {
		return "/var/lib/recipe"
	}
	return "/home/" + user + "/.local/share/recipe"
}

// controlled and unitAt are control and unitOf for root, who looks at anybody's.
func controlled(user string) string {
	if user == "root" {
		return "systemctl"
	}
	return "systemctl --user -M " + user + "@"
}

func unitAt(user, component string) string {
	return strings.Replace(unitOf(user, component), control(user), controlled(user), 1)
}

// endInVMAndComeBack kills a process, and has another one ask for more memory than it may have: systemd starts them again.
func endInVMAndComeBack(m *machine, user string) {
	m.as("root", "kill -9 $("+controlled(user)+" show -p MainPID --value "+unitAt(user, "mid")+")")
	took := m.eventually(user, "recipe ps -stack=placed -json | grep -o '\"address\":\"app.mid[^}]*' | grep '\"state\":\"ready\".*\"restarts\":1,'")
	shows(m, user, "mid", "NRestarts", "1")
	torture.Report(m.T, "VM", "%s: killed: systemd has started it again, and recipe ps says so after %s", user, round(took))
	m.as("root", "touch /srv/signs/food-"+person(user))
	took = m.eventually(user, "recipe events -stack=placed | grep 'app.eater.*out of memory: its limit is 32 MiB'")
	m.as("root", "rm /srv/signs/food-"+person(user))
	m.eventually(user, allPlaced)
	torture.Report(m.T, "VM", "%s: %q after %s", user, "out of memory: its limit is 32 MiB", round(took))
}

// outlive kills the agent with its plugin, and has systemd read its files again and be executed anew. The processes must not notice.
func outlive(m *machine, user string) {
	pids := `recipe ps -stack=placed | awk 'NR>1 {print $2, $5}'`
	before := m.as(user, pids)
	same := func(what string) {
		m.eventually(user, allPlaced)
		m.eventually(user, "test \"$("+pids+")\" = "+quote(strings.TrimSpace(before)))
		m.as(user, planThem)
		torture.Report(m.T, "VM", "%s: %s: the same processes run, and nothing is left to do", user, what)
	}
	same("nothing happened")
	m.as(user, control(user)+" daemon-reload")
	same("systemctl daemon-reload")
	m.as(user, control(user)+" daemon-reexec; sleep 1")
	same("systemctl daemon-reexec")
	m.as(user, "kill -9 $("+control(user)+" show recipe -p MainPID --value) $(pgrep -u $(id -u) -x executor-system)")
	same("kill -9 of the agent and of the plugin")
	m.as(user, "kill -9 $(pgrep -u $(id -u) -x executor-system)")
	same("kill -9 of the plugin")
}

// change brings a process to another value, and to one with which it does not start.
func change(m *machine, user string) {
	m.as(user, applyThem+" -var word=two")
	m.as("root", "tr '\\0' ' ' </proc/$("+controlled(user)+" show -p MainPID --value "+unitAt(user, "front")+")/cmdline | grep -F '/mnt/app two'")
	m.as(user, fmt.Sprintf(`test $(%s list-units --all --plain --no-legend 'recipe-placed-*' | wc -l) = %d`, control(user), placed))
	text, ok := m.try("as " + user + " " + quote(applyThem+" -var word=two -var fail=no-such-table"))
	if ok || !strings.Contains(text, "exit status 3") || !strings.Contains(text, "no-such-table") || !strings.Contains(text, "taken back") {
		m.Fatalf("%s: %s", user, text)
	}
	m.eventually(user, allPlaced)
	m.as(user, planThem+" -var word=two")
	torture.Report(m.T, "VM", "%s: changed, and one that does not start is taken back and told with its status and its last lines", user)
}

// takeDown removes the stack, and looks that a unit of the same name that is somebody else's is left alone.
func takeDown(m *machine, user string) {
	name := strings.TrimSpace(m.as(user, "echo "+unitOf(user, "mid")))
	m.as(user, "recipe destroy -auto-approve -stack=placed")
	m.as(user, control(user)+" list-units --all --plain --no-legend 'recipe-placed-*' | (! grep .)")
	run := "systemd-run"
	if user != "root" {
		run += " --user"
	}
	m.as(user, run+" --unit="+name+" sleep 1000000")
	text, ok := m.try("as " + user + " " + quote(applyThem))
	if ok || !strings.Contains(text, "it is left alone") {
		m.Fatalf("%s: %s", user, text)
	}
	m.as(user, "test $("+control(user)+" show -p ActiveState --value "+name+") = active && "+control(user)+" stop "+name)
	m.as(user, control(user)+" list-units --all --plain --no-legend 'recipe-placed-*' | (! grep .)")
	torture.Report(m.T, "VM", "%s: destroyed: no unit is left; a unit of the same name that is somebody else's is left alone", user)
}
