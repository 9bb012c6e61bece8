package attest

import (
	"context"
	"net/url"
	"os/exec"
	"strings"
)

// SourceOf asks git about a directory. Without git, or outside a working copy, it says nothing.
func SourceOf(ctx context.Context, dir string) Source {
	commit, ok := git(ctx, dir, "rev-parse", "HEAD")
	if !ok {
		return Source{}
	}
	changes, looked := git(ctx, dir, "status", "--porcelain", "--", ".")
	s := Source{Commit: commit, Changed: !looked || changes != ""}
	if remote, ok := git(ctx, dir, "remote", "get-url", "origin"); ok {
		s.Repository = "git+" + withoutUser(remote)
	}
	return s
}

func git(ctx context.Context, dir string, args ...string) (string, bool) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	return strings.TrimSpace(string(out)), err == nil
}

// withoutUser takes the user and password out of an address. What is not one, such as host:path, has none.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	u.User = nil
	return u.String()
}
