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

	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/state"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Backups lie in RECIPE_HOME/backups/STACK/COMPONENT.N/ID.tar.gz, outside of the stack, whose end they outlive. Nobody but
// their owner removes them. Only the agent's own user can read them: they hold what the data holds.

// BackupInfo is one backup.
type BackupInfo struct {
	ID       string    `json:"id"` // unique for the instance; the time, so that IDs sort by it
	Instance string    `json:"instance"`
	File     string    `json:"file"` // absolute
	Size     int64     `json:"size"` // bytes
	Time     time.Time `json:"time"`
}

// BackupRequest asks for a backup of an instance, or for one to be brought back.
type BackupRequest struct {
	Instance addr.Instance `json:"instance"`       // without a part
	From     string        `json:"from,omitempty"` // to be brought back: an ID, or the absolute name of a file
}

const backupEnding = ".tar.gz"

func (a *Agent) backupDir(stack string, i addr.Instance) string {
	return filepath.Join(a.Home, "backups", stack, i.Component.Slug()+"."+strconv.Itoa(i.Index))
}

// takeBackup writes the data of an instance aside, as the recorded value of its backup says.
func (a *Agent) takeBackup(ctx context.Context, stack string, at addr.Instance, v cty.Value, report sdk.Report) (info BackupInfo, err error) {
	dir := a.backupDir(stack, at)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return info, fmt.Errorf("cannot make the directory of backups: %w", err)
	}
	f, err := os.CreateTemp(dir, ".new-") // 0600; one that a crash leaves is no backup
	if err != nil {
		return info, fmt.Errorf("cannot write a backup: %w", err)
	}
	defer os.Remove(f.Name()) // it has another name when all went well
	err = errors.Join(builtin.TakeBackup(ctx, v, a.sandbox, f, report), f.Sync(), f.Close())
	if err != nil {
		return info, err
	}
	for n := 1; ; n++ {
		id := time.Now().UTC().Format("20060102T150405Z")
		if n > 1 {
			id += "-" + strconv.Itoa(n)
		}
		file := filepath.Join(dir, id+backupEnding)
		err := os.Link(f.Name(), file) // never over another one
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return info, fmt.Errorf("cannot keep the backup: %w", err)
		}
		return infoOf(at, file)
	}
}

func infoOf(at addr.Instance, file string) (BackupInfo, error) {
	info, err := os.Stat(file)
	if err != nil {
		return BackupInfo{}, err
	}
	return BackupInfo{ID: strings.TrimSuffix(filepath.Base(file), backupEnding), Instance: at.Whole().In(addr.SlotA).String(), File: file,
		Size: info.Size(), Time: info.ModTime()}, nil
}

// backupsOf lists the backups of an instance, oldest first.
func (a *Agent) backupsOf(stack string, at addr.Instance) ([]BackupInfo, error) {
	files, err := filepath.Glob(filepath.Join(a.backupDir(stack, at), "*"+backupEnding))
	if err != nil {
		return nil, err
	}
	list := []BackupInfo{}
	for _, file := range files {
		info, err := infoOf(at, file)
		if err != nil {
			return nil, err
		}
		list = append(list, info)
	}
	slices.SortFunc(list, func(x, y BackupInfo) int { return strings.Compare(x.ID, y.ID) })
	return list, nil
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

// restoreBackup brings a backup back for a client.
func (a *Agent) restoreBackup(ctx context.Context, s *stack, q BackupRequest) (BackupInfo, error) {
	file := q.From
	if !filepath.IsAbs(file) {
		known, err := a.backupsOf(s.name, q.Instance)
		if err != nil {
			return BackupInfo{}, err
		}
		at := slices.IndexFunc(known, func(b BackupInfo) bool { return b.ID == q.From })
		if at < 0 {
			return BackupInfo{}, &Problem{Message: fmt.Sprintf("there is no backup %q of %s", q.From, q.Instance), Kind: "not-found",
				Hint: "recipe backup -list lists them; the name of a file begins with / or ./."}
		}
		file = known[at].File
	}
	f, err := os.Open(file)
	if err != nil {
		return BackupInfo{}, fmt.Errorf("cannot read the backup: %w", err)
	}
	defer f.Close()
	v, free, err := a.backupValue(s, q.Instance)
	if err != nil {
		return BackupInfo{}, err
	}
	defer free()
	if err := builtin.RestoreBackup(ctx, v, a.sandbox, io.Reader(f), sdk.Report{}); err != nil {
		return BackupInfo{}, errors.New(state.Redact(err.Error(), v))
	}
	return infoOf(q.Instance, file)
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
		return v, nil, &Problem{Message: fmt.Sprintf("the recipe of %s does not say how to take a backup", at.Component), Kind: "not-found", Hint: hint}
	}
	v, err = o.Decode(a.provider.Schema().Types["backup"].Object(), s.reveal)
	if err != nil {
		return v, nil, err
	}
	v, _ = v.UnmarkDeep()
	return v, release, nil
}
