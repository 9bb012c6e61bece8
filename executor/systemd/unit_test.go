package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	u := Unit{Program: "/opt/my tools/recipe", Home: "/srv/100%", Env: []string{"RECIPE_PORTS=21000-21999", "RECIPE_HTTP=:80"}}
	const want = `# Written by recipe agent install. recipe agent uninstall removes it.
[Unit]
Description=recipe agent of /srv/100%%
Wants=network-online.target recipe-f6dae46e-apps.service
After=network-online.target recipe-f6dae46e-apps.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart="/opt/my tools/recipe" agent -idle=0 -manager=system
Environment="RECIPE_HOME=/srv/100%%"
Environment="RECIPE_HTTP=:80"
Environment="RECIPE_PORTS=21000-21999"
# Apps and their shims go on when the agent ends. With the machine they end too: the agent asks them to, one after another, while
# systemd waits for it.
KillMode=process
TimeoutStopSec=110
OOMPolicy=continue
Restart=always
RestartSec=1
# For control groups of the first generation, which are made below this one.
Delegate=yes
TasksMax=infinity
LimitNOFILE=65536:524288

[Install]
WantedBy=multi-user.target
`
	if got := u.Text(); got != want {
		t.Errorf("got\n%s", got)
	}
	const cron = `@reboot RECIPE_HOME='/srv/100\%' RECIPE_HTTP=:80 RECIPE_PORTS=21000-21999 '/opt/my tools/recipe' agent -idle=0`
	if got := u.Cron(); got != cron {
		t.Errorf("got\n%s", got)
	}
}

// The program is found again in the file of the unit.
func TestProgram(t *testing.T) {
	config := t.TempDir()
	getenv := func(name string) string { return map[string]string{"XDG_CONFIG_HOME": config}[name] }
	u := Unit{Program: `/opt/100% "my" $tools\new/recipe`, Home: "/srv/a", User: true}
	if got := u.program(getenv); got != "" {
		t.Errorf("without a file: %q", got)
	}
	path := u.Path(getenv)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(u.Text()), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := u.program(getenv); got != u.Program {
		t.Errorf("got %q", got)
	}
}

// The unit of the apps lies beside that of the agent, by name and by control group.
func TestAppsOf(t *testing.T) {
	for service, want := range map[string]string{
		"recipe.service": "recipe-apps.service",
		"/sys/fs/cgroup/user.slice/app.slice/recipe-1f.service": "/sys/fs/cgroup/user.slice/app.slice/recipe-1f-apps.service",
		"recipe-apps.service":          "",
		"/sys/fs/cgroup/session.scope": "",
		"/sys/fs/cgroup":               "",
	} {
		if got := AppsOf(service); got != want {
			t.Errorf("%s: got %q, want %q", service, got, want)
		}
	}
	if text := (Unit{Home: "/srv/100%"}).AppsText(); !strings.Contains(text, "of /srv/100%%\n") || strings.Contains(text, "%!") {
		t.Errorf("got\n%s", text)
	}
}

func TestNames(t *testing.T) {
	home := func(name string) string { return map[string]string{"HOME": "/home/ada"}[name] }
	for _, c := range []struct {
		unit Unit
		want string
	}{
		{Unit{Usual: true}, "/etc/systemd/system/recipe.service"},
		{Unit{Usual: true, User: true}, "/home/ada/.config/systemd/user/recipe.service"},
		{Unit{Home: "/srv/a", User: true}, "/home/ada/.config/systemd/user/recipe-d4de4497.service"},
	} {
		if got := c.unit.Path(home); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	if (Unit{Home: "/srv/a"}).Name() == (Unit{Home: "/srv/b"}).Name() {
		t.Error("two homes share a unit")
	}
}
