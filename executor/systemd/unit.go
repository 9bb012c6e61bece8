package systemd

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Unit is the agent of one RECIPE_HOME as a service of systemd.
type Unit struct {
	Program string   // the recipe binary, absolute
	Home    string   // RECIPE_HOME, absolute
	Env     []string // further variables as KEY=VALUE, such as RECIPE_PORTS=21000-21999
	User    bool     // of the user's own systemd, not of the machine's
	Usual   bool     // Home is where it is without saying so: the unit is just called recipe
}

// Name is that of the unit: "recipe.service", or with a mark of the home if that is not the usual one.
func (u Unit) Name() string {
	if u.Usual {
		return "recipe.service"
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(u.Home))
	return fmt.Sprintf("recipe-%08x.service", h.Sum32())
}

// Path is where the unit's file belongs. getenv is os.Getenv.
func (u Unit) Path(getenv func(string) string) string {
	if !u.User {
		return filepath.Join("/etc/systemd/system", u.Name())
	}
	config := getenv("XDG_CONFIG_HOME")
	if config == "" {
		config = filepath.Join(getenv("HOME"), ".config")
	}
	return filepath.Join(config, "systemd", "user", u.Name())
}

// Text is the content of the unit's file.
func (u Unit) Text() string {
	target := "multi-user.target"
	if u.User {
		target = "default.target"
	}
	var env strings.Builder
	for _, v := range append([]string{"RECIPE_HOME=" + u.Home}, slices.Sorted(slices.Values(u.Env))...) {
		fmt.Fprintf(&env, "Environment=%s\n", quote(v))
	}
	manager := "system"
	if u.User {
		manager = "user"
	}
	return fmt.Sprintf(`# Written by recipe agent install. recipe agent uninstall removes it.
[Unit]
Description=recipe agent of %[1]s
Wants=network-online.target %[2]s
After=network-online.target %[2]s
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=%[3]s agent -idle=0 -manager=%[4]s
%[5]s# Apps and their shims go on when the agent ends. With the machine they end too: the agent asks them to, one after another, while
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
WantedBy=%[6]s
`, u.home(), AppsOf(u.Name()), quote(u.Program), manager, env.String(), target)
}

// quote makes one word of s in a unit's file, where % and $ have a meaning.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$", "\n", `\n`).Replace(s) + `"`
}

// Cron is the line for a machine without systemd, for `crontab -e` of the agent's user.
func (u Unit) Cron() string {
	words := []string{"@reboot", "RECIPE_HOME=" + shellQuote(u.Home)}
	for _, v := range slices.Sorted(slices.Values(u.Env)) {
		name, value, _ := strings.Cut(v, "=")
		words = append(words, name+"="+shellQuote(value))
	}
	return strings.Join(append(words, shellQuote(u.Program), "agent", "-idle=0"), " ")
}

// shellQuote makes one word of s for sh, and for cron, which takes a bare % for a line end.
func shellQuote(s string) string {
	plain := strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("/._-:,+=@", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
	if plain && s != "" {
		return s
	}
	return "'" + strings.NewReplacer("'", `'\''`, "%", `\%`).Replace(s) + "'"
}

// Installed reports whether the unit's file is there.
func (u Unit) Installed(getenv func(string) string) bool {
	_, err := os.Stat(u.Path(getenv))
	return err == nil
}

// program is what the unit's file has systemd start; "" if it is not there, or not as Text has it.
func (u Unit) program(getenv func(string) string) string {
	text, _ := os.ReadFile(u.Path(getenv))
	for line := range strings.Lines(string(text)) {
		if word, ok := strings.CutPrefix(line, `ExecStart="`); ok {
			word = word[:max(strings.LastIndex(word, `" agent `), 0)]
			return strings.NewReplacer(`\\`, `\`, `\"`, `"`, "%%", "%", "$$", "$", `\n`, "\n").Replace(word)
		}
	}
	return ""
}
