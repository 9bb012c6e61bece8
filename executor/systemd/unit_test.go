package systemd

import "testing"

func TestText(t *testing.T) {
	u := Unit{Program: "/opt/my tools/recipe", Home: "/srv/100%", Env: []string{"RECIPE_PORTS=21000-21999", "RECIPE_HTTP=:80"}}
	const want = `# Written by recipe agent install. recipe agent uninstall removes it.
[Unit]
Description=recipe agent of /srv/100%%
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart="/opt/my tools/recipe" agent -idle=0
Environment="RECIPE_HOME=/srv/100%%"
Environment="RECIPE_HTTP=:80"
Environment="RECIPE_PORTS=21000-21999"
# Apps and their shims go on when the agent ends, or when one of them runs out of memory.
KillMode=process
OOMPolicy=continue
Restart=always
RestartSec=2
# The agent may make groups below its own, by which limits are enforced.
Delegate=yes
DelegateSubgroup=agent
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
