package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	fewFiles  = 1024
	askedTime = 5 * time.Second
	skew      = time.Minute
)

// bounds looks at what this user may have open.
func bounds(context.Context, Input) []Finding {
	var all []Finding
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err == nil {
		seen := fmt.Sprintf("%d, up to %d", files.Cur, files.Max)
		if files.Max <= fewFiles {
			all = append(all, without("open files", seen, "Each process takes the agent three, each connection the router two. Raise the hard limit: ulimit -Hn 65536, or nofile in /etc/security/limits.conf."))
		} else {
			all = append(all, fine("open files", seen))
		}
	}
	return all
}

// sources asks the first source of apt for anything, as the resource type deb will.
func sources(ctx context.Context, in Input) []Finding {
	const name = "apt"
	ctx, cancel := context.WithTimeout(ctx, askedTime)
	defer cancel()
	list, err := exec.CommandContext(ctx, "apt-get", "--print-uris", "update").Output()
	if err != nil {
		return []Finding{without(name, "apt-get: "+err.Error(), "The resource type deb does not work here: recipes that install packages of the operating system, such as postgresql, do not either.")}
	}
	address, _, _ := strings.Cut(strings.TrimPrefix(string(list), "'"), "'")
	if address == "" {
		return []Finding{without(name, "it has no sources", "Add sources to /etc/apt/sources.list.d: the resource type deb takes packages from them.")}
	}
	answered, err := ask(ctx, address)
	if err != nil {
		return []Finding{without(name, "its first source does not answer: "+err.Error(), "The resource type deb takes packages from it. Look at the network and the proxy, or take a bundle: recipe bundle.")}
	}
	all := []Finding{fine(name, "its first source answers")}
	if off := time.Since(answered); !answered.IsZero() && off.Abs() > skew {
		all = append(all, without("time of day", fmt.Sprintf("this machine is %s off from that source", off.Round(time.Second)), "Certificates and schedules go by the clock. Set it: timedatectl set-ntp true."))
	}
	return all
}

// ask returns what time the other side has.
func ask(ctx context.Context, address string) (time.Time, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return time.Time{}, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return time.Time{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 500 {
		return time.Time{}, errors.New(answer.Status)
	}
	at, _ := http.ParseTime(answer.Header.Get("Date"))
	return at, nil
}

// clock asks the kernel whether somebody keeps the clock.
func clock(context.Context, Input) []Finding {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	now := time.Now().Format(time.DateTime + " MST")
	if err != nil || state == unix.TIME_ERROR {
		return []Finding{without("clock", now+", and nobody keeps it", "Certificates and schedules go by it. A virtual machine may keep it otherwise; else install chrony or systemd-timesyncd.")}
	}
	return []Finding{fine("clock", now+", kept in step with others")}
}

// systemdRuns is how systemd wants it to be found out, by sd_booted(3).
func systemdRuns() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

// managers looks who could start the agent after a reboot.
func managers(_ context.Context, in Input) []Finding {
	const name = "systemd"
	if !systemdRuns() {
		return []Finding{without(name, "it does not run here", "recipe agent install cannot have the agent started after a reboot. Have cron do that: recipe agent install -print says the line.")}
	}
	if in.UID == 0 {
		return []Finding{fine(name, "runs: recipe agent install has the agent started after a reboot")}
	}
	if _, err := os.Stat(filepath.Join("/run/user", fmt.Sprint(in.UID), "systemd")); err != nil {
		return []Finding{without(name, "no instance of it runs for this user", "Log in, or as root: loginctl enable-linger.")}
	}
	if me, err := user.LookupId(strconv.Itoa(in.UID)); err == nil {
		if _, err := os.Stat(filepath.Join("/var/lib/systemd/linger", me.Username)); err != nil {
			return []Finding{without(name, "runs for this user only while somebody is logged in", "An agent of recipe agent install ends then with all apps. So that they stay, and start with the machine: loginctl enable-linger.")}
		}
	}
	return []Finding{fine(name, "runs for this user: recipe agent install has the agent started after a reboot")}
}
