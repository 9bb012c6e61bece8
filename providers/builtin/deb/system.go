package deb

import (
	"cmp"
	"fmt"
	"os"
	"strings"
)

// System names what a set is resolved for: the distribution with its version, as /etc/os-release has them ("debian 12"), and
// Debian's name of the processor ("amd64").
type System struct {
	Name         string
	Architecture string
}

// ThisSystem is that of this machine. An error says why it has no packages of this kind.
func ThisSystem() (System, error) {
	architecture, err := architecture("")
	if err != nil {
		return System{}, err
	}
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return System{}, fmt.Errorf("cannot tell which system this is: %w", err)
	}
	return System{nameIn(string(text)), architecture}, nil
}

// nameIn reads a file as os-release(5) describes it. A distribution that rolls has no version.
func nameIn(text string) string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[name] = strings.Trim(value, `"'`)
		}
	}
	return strings.TrimSpace(cmp.Or(values["ID"], "linux") + " " + cmp.Or(values["VERSION_ID"], values["VERSION_CODENAME"]))
}

func (s System) String() string { return s.Name + " on " + s.Architecture }
