package port

import (
	"bufio"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// Holder names the process that listens on p, for humans: `process 812 (postgres)`. Of a process of another user it
// tells the user only, because the kernel does; it returns "" if nobody listens.
func Holder(p int) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		inode, uid, ok := listening(table, p)
		if !ok {
			continue
		}
		if pid := socketOwner(inode); pid != "" {
			return describe(pid)
		}
		return "a process of user " + userName(uid)
	}
	return ""
}

// listening looks up the listener on p in a table of the kernel: a heading, then lines of fields, of which the second
// is ADDRESS:PORT in hexadecimal, the fourth the state, the eighth the user and the tenth the inode.
func listening(table string, p int) (inode, uid string, ok bool) {
	const listen = "0A"
	f, err := os.Open(table)
	if err != nil {
		return "", "", false
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", p)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 10 && fields[3] == listen && strings.HasSuffix(fields[1], suffix) {
			return fields[9], fields[7], true
		}
	}
	return "", "", false
}

// socketOwner returns the id of a process that has the socket open, another one than ourselves if there is one, or "" if we
// may not see it.
func socketOwner(inode string) string {
	wanted := "socket:[" + inode + "]"
	own, owner := strconv.Itoa(os.Getpid()), ""
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*") // its only error is a bad pattern
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && target == wanted {
			if owner = strings.Split(fd, "/")[2]; owner != own {
				break
			}
		}
	}
	return owner
}

func describe(pid string) string {
	if pid == strconv.Itoa(os.Getpid()) {
		return "this process"
	}
	name, err := os.ReadFile("/proc/" + pid + "/comm")
	if err != nil {
		return "process " + pid
	}
	return fmt.Sprintf("process %s (%s)", pid, strings.TrimSpace(string(name)))
}

func userName(uid string) string {
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return uid
}
