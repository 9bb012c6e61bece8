package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/nsynapse/recipe/executor/port"
)

// ports counts what is taken of the range that is handed out.
func ports(_ context.Context, in Input) []Finding {
	const name = "ports"
	low, high := in.Ports[0], in.Ports[1]
	taken := 0
	for p := range listened() {
		if p >= low && p <= high {
			taken++
		}
	}
	all := high - low + 1
	seen := fmt.Sprintf("%d-%d: %d of %d are free", low, high, all-taken, all)
	if all-taken < 10 {
		return []Finding{missing(name, seen, "Set RECIPE_PORTS to a wider range, such as 21000-21999.")}
	}
	if first, last, ok := outgoing(); ok && first <= high && last >= low {
		return []Finding{without(name, fmt.Sprintf("%s; the kernel takes some of them (%d-%d) for outgoing connections", seen, first, last),
			"Set RECIPE_PORTS to a range outside of it, or such a port may be taken when a process comes back to it.")}
	}
	return []Finding{fine(name, seen)}
}

// outgoing is the range that the kernel takes ports of outgoing connections from.
func outgoing() (first, last int, ok bool) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0, 0, false
	}
	n, _ := fmt.Sscan(string(text), &first, &last)
	return first, last, n == 2
}

// listened are the ports of TCP that somebody listens on: in the kernel's tables the second field of a line is
// ADDRESS:PORT in hexadecimal, and the fourth the state.
func listened() map[int]bool {
	taken := map[int]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 4 || fields[3] != "0A" {
				continue
			}
			if n, err := strconv.ParseUint(fields[1][strings.LastIndexByte(fields[1], ':')+1:], 16, 16); err == nil {
				taken[int(n)] = true
			}
		}
		_ = f.Close()
	}
	return taken
}

// fronts looks whether the router can answer routes.
func fronts(_ context.Context, in Input) []Finding {
	return []Finding{front("HTTP", in.HTTP), front("HTTPS", in.HTTPS)}
}

func front(scheme, address string) Finding {
	variable := "RECIPE_" + scheme
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		_ = l.Close()
		return fine(scheme, address+" is free")
	case errors.Is(err, syscall.EADDRINUSE):
		_, text, _ := net.SplitHostPort(address)
		n, _ := strconv.Atoi(text)
		holder := port.Holder(n)
		if ours(holder) {
			return fine(scheme, address+" is the router's")
		}
		if holder == "" {
			holder = "somebody"
		}
		return without(scheme, address+" is taken by "+holder, "Routes cannot be answered there. End that, or set "+variable+" to another address, such as 127.0.0.1:8088.")
	case errors.Is(err, syscall.EACCES):
		return without(scheme, address+" is not for ordinary users", "Routes cannot be answered there. Set "+variable+" to a port above 1024, or let the machine allow it: sysctl net.ipv4.ip_unprivileged_port_start=80.")
	default:
		return without(scheme, err.Error(), "Routes cannot be answered there. Set "+variable+" to an address of this machine.")
	}
}

// ours reports whether a holder, as package port tells it, is a router, or an agent, which keeps the ports of its router for it.
func ours(holder string) bool {
	_, after, ok := strings.Cut(holder, "process ")
	pid, _, _ := strings.Cut(after, " ")
	if _, err := strconv.Atoi(pid); !ok || err != nil {
		return false
	}
	line, err := os.ReadFile("/proc/" + pid + "/cmdline")
	words := strings.Split(string(line), "\x00")
	return err == nil && len(words) > 1 && (words[1] == "router" || words[1] == "agent")
}
