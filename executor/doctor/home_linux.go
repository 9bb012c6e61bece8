package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// home looks at RECIPE_HOME: who may do what in it, who can get to it, and how much room there is.
func home(_ context.Context, in Input) []Finding {
	dir := existing(in.Home)
	all := []Finding{rights(in, dir)}
	if in.UID == 0 {
		if closed := closedTo(dir); closed != "" {
			all = append(all, missing("way to RECIPE_HOME", closed+" is closed to others, and apps run as the user nobody", "Set RECIPE_HOME to another place, such as /var/lib/recipe, or chmod o+x "+closed+"."))
		}
	}
	return append(all, room(dir))
}

// existing is path, or the nearest directory above that is there.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

func rights(in Input, dir string) Finding {
	const name = "RECIPE_HOME"
	info, err := os.Stat(dir)
	if err != nil {
		return missing(name, err.Error(), "Set RECIPE_HOME to a directory of your own.")
	}
	if !info.IsDir() {
		return missing(name, dir+" is no directory", "Set RECIPE_HOME to a directory.")
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return missing(name, fmt.Sprintf("%s: %s", dir, err), "Set RECIPE_HOME to a directory that you may write to.")
	}
	if dir != in.Home {
		return fine(name, in.Home+" is made when it is needed")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return missing(name, fmt.Sprintf("%s has the mode %#o: others could change what is in it", dir, info.Mode().Perm()), "chmod go-w "+dir)
	}
	for _, key := range []string{"vault.key", "plan.key"} {
		switch info, err := os.Stat(filepath.Join(dir, key)); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return missing(name, err.Error(), "The agent has to be the owner of what is in "+dir+".")
		case info.Mode().Perm()&0o077 != 0:
			return missing(name, fmt.Sprintf("%s has the mode %#o: others can read it", key, info.Mode().Perm()), "chmod 600 "+filepath.Join(dir, key))
		}
	}
	return fine(name, dir)
}

// closedTo is the nearest directory above path that others cannot pass through, "" if there is none.
func closedTo(path string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o001 == 0 {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

const (
	leastRoom = 256 << 20 // below it a middleware does not even install
	scarce    = 2 << 30
)

func room(dir string) Finding {
	const name = "disk"
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return missing(name, err.Error(), "")
	}
	free := int64(s.Bavail) * s.Bsize
	seen := fmt.Sprintf("%.1f GiB free for %s", float64(free)/(1<<30), dir)
	switch {
	case free < leastRoom:
		return missing(name, seen, "Make room, such as by recipe gc, or set RECIPE_HOME to another file system.")
	case s.Files > 0 && s.Ffree < 10_000:
		return missing(name, fmt.Sprintf("%d more files can be made for %s", s.Ffree, dir), "Remove files, or set RECIPE_HOME to another file system.")
	case free < scarce:
		return without(name, seen, "Logs are kept up to 50 MiB for each process, and packages stay in the store until recipe gc.")
	}
	return fine(name, seen)
}
