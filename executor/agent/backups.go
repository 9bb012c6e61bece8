package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/backups"
	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/sdk"
)

// BackupInfo is one backup.
type BackupInfo struct {
	ID        string    `json:"id"` // unique for the instance: the time
	Instance  string    `json:"instance"`
	File      string    `json:"file"` // absolute
	Size      int64     `json:"size"` // bytes
	Time      time.Time `json:"time"`
	Encrypted bool      `json:"encrypted"`
	Removed   []string  `json:"removed,omitempty"` // the IDs of those that were removed for it
}

// BackupRequest asks for a backup of an instance, or for one to be brought back.
type BackupRequest struct {
	Instance addr.Instance `json:"instance"`       // without a part
	From     string        `json:"from,omitempty"` // to be brought back: an ID, or the absolute name of a file
	// Identity is the absolute name of a file of keys as age-keygen writes it, for a file that was encrypted to one of them.
	Identity string `json:"identity,omitempty"`
}

// shelf is where the backups of an instance are, also of a stack that is gone.
func (a *Agent) shelf(stack string, i addr.Instance) backups.Shelf {
	return a.shelfNamed(stack, i.Component.Slug()+"."+strconv.Itoa(i.Index))
}

// shelfNamed is a shelf by the name of its directory; "" is the directory of all of a stack.
func (a *Agent) shelfNamed(stack, name string) backups.Shelf {
	return backups.Shelf{Dir: filepath.Join(a.Home, "backups", filepath.Base(stack), name), Keys: a.backupKeys()}
}

func (a *Agent) backupKeys() backups.Keys {
	return backups.Keys{Own: a.key, File: filepath.Join(a.Home, "backup-recipients")}
}

// ofName is the file beside the backups of an instance that says whose they are: of a stack that is gone nobody else knows it.
const ofName = ".instance"

// shelves lists the backups of all instances of a stack, also of one that is gone, by instance and the oldest first. Those of a
// recipe that did not say yet whose they are go by their directory, NAME[INDEX].
func (a *Agent) shelves(stack string) ([]BackupInfo, error) {
	entries, err := os.ReadDir(a.shelfNamed(stack, "").Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot list backups: %w", err)
	}
	all := []BackupInfo{}
	for _, e := range entries {
		shelf := a.shelfNamed(stack, e.Name())
		list, err := shelf.List()
		if err != nil {
			return nil, err
		}
		of := instanceOf(shelf)
		for _, b := range list {
			all = append(all, infoOf(of, b))
		}
	}
	return all, nil
}

// instanceOf is the instance whose backups are on a shelf, as text.
func instanceOf(shelf backups.Shelf) string {
	if text, err := os.ReadFile(filepath.Join(shelf.Dir, ofName)); err == nil {
		if at, err := addr.Parse(strings.TrimSpace(string(text))); err == nil {
			return at.String()
		}
	}
	name := filepath.Base(shelf.Dir)
	dot := strings.LastIndexByte(name, '.')
	return fmt.Sprintf("%s[%s]", name[:max(dot, 0)], name[dot+1:])
}

// takeBackup writes the data of an instance aside, as the recorded value of its backup says, and removes those that are not to
// be kept any more. That these stay is no failure of the new one.
func (a *Agent) takeBackup(ctx context.Context, stack string, at addr.Instance, v cty.Value, report sdk.Report) (BackupInfo, error) {
	shelf := a.shelf(stack, at)
	b, err := shelf.Put(time.Now(), func(w io.Writer) error { return builtin.TakeBackup(ctx, v, a.sandbox, w, report) })
	if err != nil {
		return BackupInfo{}, err
	}
	info := infoOf(nameOf(at), b)
	if err := disk.WriteFile(disk.OS{}, filepath.Join(shelf.Dir, ofName), []byte(info.Instance+"\n"), 0o600); err != nil {
		fmt.Fprintf(a.Log, "the backups of %s of stack %s are listed by their directory: %s\n", info.Instance, stack, err)
	}
	var kept backups.Retention
	if kept.Keep, kept.MaxAge, err = builtin.RetentionOf(v); err == nil {
		info.Removed, err = prune(shelf, kept)
	}
	if err != nil {
		fmt.Fprintf(a.Log, "old backups of %s of stack %s stay: %s\n", info.Instance, stack, err)
	}
	return info, nil
}

// prune removes what is not to be kept, and returns the IDs of that.
func prune(shelf backups.Shelf, kept backups.Retention) (ids []string, err error) {
	list, err := shelf.List()
	if err != nil {
		return nil, err
	}
	gone := kept.Excess(list, time.Now())
	for _, b := range gone {
		ids = append(ids, b.ID)
	}
	return ids, shelf.Remove(gone)
}

// infoOf is a backup of an instance, which is named as text.
func infoOf(instance string, b backups.Backup) BackupInfo {
	return BackupInfo{ID: b.ID, Instance: instance, File: b.File, Size: b.Size, Time: b.Time, Encrypted: b.Encrypted}
}

// nameOf is an instance as backups call it, whichever part and slot of it is meant.
func nameOf(at addr.Instance) string { return at.Whole().In(addr.SlotA).String() }

// backupsOf lists the backups of an instance, oldest first.
func (a *Agent) backupsOf(stack string, at addr.Instance) ([]BackupInfo, error) {
	found, err := a.shelf(stack, at).List()
	list := []BackupInfo{}
	for _, b := range found {
		list = append(list, infoOf(nameOf(at), b))
	}
	return list, err
}

// backup takes a backup for a client.
func (a *Agent) backup(ctx context.Context, s *stack, q BackupRequest) (BackupInfo, error) {
	v, free, err := a.backupValue(s, q.Instance)
	if err != nil {
		return BackupInfo{}, err
	}
	defer free()
	return a.takeBackup(ctx, s.name, q.Instance, v, sdk.Report{})
}

// findBackup is the backup of an instance with that ID.
func (a *Agent) findBackup(stack string, at addr.Instance, id string) (BackupInfo, error) {
	known, err := a.backupsOf(stack, at)
	if err != nil {
		return BackupInfo{}, err
	}
	n := slices.IndexFunc(known, func(b BackupInfo) bool { return b.ID == id })
	if n < 0 {
		return BackupInfo{}, &Problem{Message: fmt.Sprintf("there is no backup %q of %s", id, at), Kind: "not-found",
			Hint: fmt.Sprintf("recipe backup list %s lists them; the name of a file begins with / or ./.", at)}
	}
	return known[n], nil
}

// restoreBackup brings a backup back for a client. All of it was read, and its sums are right, before anything is changed.
func (a *Agent) restoreBackup(ctx context.Context, s *stack, q BackupRequest) (BackupInfo, error) {
	info, opened, err := a.restorable(s, q)
	if err != nil {
		return BackupInfo{}, err
	}
	defer opened.Close()
	v, free, err := a.backupValue(s, q.Instance)
	if err != nil {
		return BackupInfo{}, err
	}
	defer free()
	archive, err := opened.Archive()
	if err != nil {
		return BackupInfo{}, err
	}
	if err := builtin.RestoreBackup(ctx, v, a.sandbox, archive, sdk.Report{}); err != nil {
		return BackupInfo{}, fmt.Errorf("%s was not restored: %s", q.Instance, state.Redact(err.Error(), v))
	}
	return info, nil
}

// checkRestore says which backup restoreBackup would bring back, or why it could not; nothing is changed.
func (a *Agent) checkRestore(s *stack, q BackupRequest) (BackupInfo, error) {
	info, opened, err := a.restorable(s, q)
	if err != nil {
		return BackupInfo{}, err
	}
	return info, opened.Close()
}

// restorable finds out whether the instance can take a backup, and opens that of q, which the caller closes.
func (a *Agent) restorable(s *stack, q BackupRequest) (info BackupInfo, opened *backups.Opened, err error) {
	if _, err := s.backupObject(q.Instance); err != nil {
		return BackupInfo{}, nil, err
	}
	info = BackupInfo{File: q.From, Instance: nameOf(q.Instance)}
	if !filepath.IsAbs(q.From) {
		if info, err = a.findBackup(s.name, q.Instance, q.From); err != nil {
			return BackupInfo{}, nil, err
		}
	}
	opened, err = a.openBackup(info.File, q.Identity)
	return info, opened, err
}

// openBackup opens the file of a backup and checks it.
func (a *Agent) openBackup(file, identity string) (*backups.Opened, error) {
	opened, err := a.backupKeys().Open(file, identity)
	switch {
	case errors.Is(err, backups.ErrNoKey):
		return nil, &Problem{Message: fmt.Sprintf("%s cannot be opened: %s", file, err), Hint: "-identity=FILE names a file of keys as age-keygen writes it."}
	case err != nil:
		return nil, fmt.Errorf("%s cannot be used, and nothing was changed: %w", file, err)
	}
	return opened, nil
}

// notSaving refuses what must not happen while data is written aside or brought back.
func (s *stack) notSaving() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saving {
		return &Problem{Kind: "busy", Message: fmt.Sprintf("data of %s is being written aside or brought back", s.name), Hint: "Wait for the end of recipe backup or restore."}
	}
	return nil
}

// save makes runs wait until free is called.
func (s *stack) save() (free func(), err error) {
	s.beginning.Lock()
	defer s.beginning.Unlock()
	if s.underWay() {
		return nil, &Problem{Kind: "busy", Message: fmt.Sprintf("a run of %s is under way", s.name), Hint: "Wait for its end: recipe apply joins it."}
	}
	if err := s.notSaving(); err != nil {
		return nil, err
	}
	s.setSaving(true)
	return func() { s.setSaving(false) }, nil
}

func (s *stack) setSaving(saving bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saving = saving
}

// backupValue is the recorded value of the backup of an instance, in clear. Until free is called no run begins.
func (a *Agent) backupValue(s *stack, at addr.Instance) (v cty.Value, free func(), err error) {
	release, err := s.save()
	if err != nil {
		return v, nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	o, err := s.backupObject(at)
	if err != nil {
		return v, nil, err
	}
	v, err = o.Decode(a.provider.Schema().Types["backup"].Object(), s.reveal)
	if err != nil {
		return v, nil, err
	}
	v, _ = v.UnmarkDeep()
	return v, release, nil
}

// backupObject is the record of the backup of an instance.
func (s *stack) backupObject(at addr.Instance) (*state.Object, error) {
	objects := s.book.Copy().Objects
	at.Part = "backup"
	o := objects[at]
	if o == nil {
		o = objects[at.In(at.Slot.Other())]
	}
	if o == nil {
		var names []string
		for a, o := range objects {
			if o.Type == "backup" {
				names = append(names, a.Component.String())
			}
		}
		slices.Sort(names)
		hint := "No recipe of this stack says how to take one."
		if names != nil {
			hint = "There is one of " + strings.Join(slices.Compact(names), ", ") + "."
		}
		return nil, &Problem{Message: fmt.Sprintf("the recipe of %s does not say how to take a backup", at.Component), Kind: "not-found", Hint: hint}
	}
	return o, nil
}
