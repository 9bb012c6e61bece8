//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/landlock"
	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/torture"
)

// scriptPatience bounds every wait of the scripts. It is long because only failures last that long.
const scriptPatience = 60 * time.Second

// TestScripts runs the command lines of testdata/script, each script with a RECIPE_HOME of its own. Beside what
// testscript brings, scripts have the commands of script_commands_test.go and these variables:
//
//	APP      the program of testdata/app
//	PLUGIN   the program of testdata/plugin
//	EXECUTOR the program of testdata/executor
//	SHARED   a directory that scripts and apps may write to
//	HTTP_PORT the port of routes without TLS
//	MODULE   the root of this module
//
// $APP, $PLUGIN, $EXECUTOR and $SHARED also stand for their values in the .hcl files of a script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setupScript,
		Condition:           condition,
		Cmds:                scriptCommands(),
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
	})
}

func setupScript(env *testscript.Env) error {
	// Below /tmp, since the path of a socket is short and apps may run as another user who has to get there.
	base, err := os.MkdirTemp("/tmp", "rt")
	if err != nil {
		return err
	}
	home, shared := filepath.Join(base, "h"), filepath.Join(base, "s")
	n, free := homes.take()
	env.Defer(free) // after the next one
	env.Defer(func() { cleanUp(env.T(), base, home, shared) })
	if err := os.Mkdir(shared, 0o777); err != nil {
		return err
	}
	module, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	env.Setenv("RECIPE_HOME", home)
	env.Setenv("RECIPE_PORTS", portsOf(n))
	http, https := frontsOf(n)
	env.Setenv("RECIPE_HTTP", http)
	env.Setenv("RECIPE_HTTPS", https)
	_, port, _ := strings.Cut(http, ":")
	env.Setenv("HTTP_PORT", port)
	env.Setenv("SHARED", shared)
	env.Setenv("MODULE", module)
	env.Setenv("GORACE", raceOptions(shared))
	for _, name := range passedOn() {
		if value := os.Getenv(name); value != "" {
			env.Setenv(name, value)
		}
	}
	if err := openTo(base, shared); err != nil {
		return err
	}
	return fillIn(env.WorkDir, strings.NewReplacer("$APP", os.Getenv("APP"), "$PLUGIN", os.Getenv("PLUGIN"), "$EXECUTOR", os.Getenv("EXECUTOR"), "$SHARED", shared))
}

// passedOn are the variables of the tests that scripts see too: what prepare sets, and how to reach the network.
func passedOn() []string {
	return []string{"APP", "PLUGIN", "EXECUTOR", "GOENV", "GOCACHE", "GOMODCACHE", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR"}
}

// fillIn replaces variables in all .hcl files below dir.
func fillIn(dir string, values *strings.Replacer) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".hcl" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(values.Replace(string(text))), 0o666)
	})
}

func openTo(base, shared string) error {
	if err := os.Chmod(base, 0o711); err != nil {
		return err
	}
	return os.Chmod(shared, 0o777)
}

// raceOptions make the race detector of an agent tell where the test sees it, and no process wait a second at its end.
func raceOptions(shared string) string {
	return "atexit_sleep_ms=0 log_path=" + filepath.Join(shared, "race")
}

// races are the reports of the race detector.
func races(shared string) string {
	var all strings.Builder
	names, _ := filepath.Glob(filepath.Join(shared, "race.*")) // the pattern is right
	for _, name := range names {
		text, err := os.ReadFile(name)
		fmt.Fprintf(&all, "%s\n%v\n", text, err)
	}
	return all.String()
}

// cleanUp ends all processes of a home that a script left, and demands that they are gone.
func cleanUp(t testscript.T, base, home, shared string) {
	left, err := endAll(home)
	if err != nil {
		t.Log(err)
	}
	err = filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != protocol.GroupsFile {
			return nil // mostly the home is gone, as it should be
		}
		return shim.Sweep(filepath.Dir(path))
	})
	if err != nil {
		t.Log(err)
	}
	found := races(shared)
	if err := os.RemoveAll(base); err != nil {
		t.Log(err)
	}
	if len(left) > 0 {
		t.Fatal(fmt.Sprintf("processes of %s do not end: %v", home, left))
	}
	if found != "" {
		t.Fatal(found)
	}
}

// condition knows, beside what the names say: [raced], the race detector watches, which makes everything several times as long;
// [cgroups], limits of all kinds can be enforced here; [packages], the package sources of this machine answer, and tests may take
// their time; and [netns], this machine lets us make a network of our own that leads nowhere.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "raced":
		return torture.RaceDetector, nil
	case "cgroups":
		return len(cgroup.Look().Offer().Controllers) == 3, nil
	case "landlock":
		return landlock.Version() >= landlock.Least, nil
	case "scopes":
		return landlock.Version() >= landlock.ScopeVersion, nil
	case "packages":
		return !testing.Short() && !torture.RaceDetector && packageSourcesAnswer(), nil
	case "netns":
		return exec.Command("unshare", "-n", "ip", "link", "set", "lo", "up").Run() == nil, nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// packageSourcesAnswer asks apt for its first source, and that source for anything.
func packageSourcesAnswer() bool {
	list, err := exec.Command("apt-get", "--print-uris", "update").Output()
	if err != nil {
		return false
	}
	_, list, _ = bytes.Cut(list, []byte("'"))
	url, _, _ := bytes.Cut(list, []byte("'"))
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Head(string(url))
	return err == nil && response.Body.Close() == nil && response.StatusCode < http.StatusInternalServerError
}
