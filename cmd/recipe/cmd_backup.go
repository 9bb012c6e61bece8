package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/addr"
)

func backupCommand() command {
	return command{name: "backup", group: running, args: "COMPONENT | list [COMPONENT] | verify COMPONENT [BACKUP] | prune COMPONENT",
		summary: "Write the data of a component aside, list or check what was, or remove old ones.",
		example: "recipe backup middleware.main -o main.tar.gz\nrecipe backup prune middleware.main -keep=7",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			var q backupFlags
			flags.StringVar(&q.out, "o", "", "also write it to this `file`, in clear unless there is a -recipient")
			flags.StringVar(&q.recipient, "recipient", "", "with -o: encrypt the file for this `recipient` of age, age1…")
			flags.IntVar(&q.keep, "keep", 0, "prune: keep at most so `many`, the newest")
			flags.DurationVar(&q.maxAge, "max-age", 0, "prune: keep none that is older, but the newest")
			flags.BoolVar(&q.approve, "auto-approve", false, "prune: do not ask")
			flags.BoolVar(&q.input, "input", true, "ask questions")
			return func(ctx context.Context, args []string) error { return c.backup(ctx, *stack, args, q) }
		}}
}

// backupFlags are what the flags of recipe backup say.
type backupFlags struct {
	out, recipient string
	keep           int
	maxAge         time.Duration
	approve, input bool
}

func (c *cli) backup(ctx context.Context, stack string, args []string, q backupFlags) error {
	if len(args) > 0 {
		switch args[0] {
		case "list":
			return c.listBackups(ctx, stack, args[1:])
		case "verify":
			return c.verifyBackups(ctx, stack, args[1:])
		case "prune":
			return c.pruneBackups(ctx, stack, args[1:], q)
		}
	}
	if q.recipient != "" && q.out == "" {
		return hinted{errors.New("-recipient is for the file of -o"), "What is kept in RECIPE_HOME is encrypted in any case."}
	}
	at, err := dataOf(args, 1)
	if err != nil {
		return err
	}
	client, name, err := c.onStack(ctx, stack)
	if err != nil {
		return err
	}
	info, err := client.Backup(ctx, name, agent.BackupRequest{Instance: at})
	if err != nil {
		return err
	}
	if q.out != "" {
		if err := copyBackup(q.out, func(w io.Writer) error { return client.BackupContent(ctx, name, at, info.ID, q.recipient, w) }); err != nil {
			return err
		}
	}
	if c.json {
		c.printJSON(info)
		return nil
	}
	fmt.Fprintf(c.stdout, "Backup %s of %s: %d bytes in %s\n", info.ID, info.Instance, info.Size, info.File)
	if len(info.Removed) > 0 {
		fmt.Fprintf(c.stdout, "Removed %s, as the stack says which are kept.\n", strings.Join(info.Removed, ", "))
	}
	return nil
}

// kept is the client, stack and instance of a command about backups that there are. It needs no running stack: the backups of
// one that is gone are there still.
func (c *cli) kept(ctx context.Context, flagged string, args []string) (client *agent.Client, stack string, at addr.Instance, err error) {
	if at, err = dataOf(args, 1); err != nil {
		return nil, "", at, err
	}
	if stack, err = stackName(flagged, nil); err != nil {
		return nil, "", at, err
	}
	client, err = c.agent(ctx)
	return client, stack, at, err
}

func (c *cli) listBackups(ctx context.Context, flagged string, args []string) error {
	if len(args) == 0 {
		return c.listAllBackups(ctx, flagged)
	}
	client, name, at, err := c.kept(ctx, flagged, args)
	if err != nil {
		return err
	}
	list, err := client.Backups(ctx, name, at)
	if err != nil {
		return err
	}
	return c.printBackups(list, fmt.Sprintf("There is no backup of %s.", at))
}

// listAllBackups lists those of all instances of a stack, also of one that is gone.
func (c *cli) listAllBackups(ctx context.Context, flagged string) error {
	name, err := stackName(flagged, nil)
	if err != nil {
		return err
	}
	client, err := c.agent(ctx)
	if err != nil {
		return err
	}
	all, err := client.AllBackups(ctx, name)
	if err != nil {
		return err
	}
	return c.printBackups(all, fmt.Sprintf("There is no backup of %s.", name))
}

func (c *cli) printBackups(list []agent.BackupInfo, none string) error {
	if c.json {
		c.printJSON(list)
		return nil
	}
	if len(list) == 0 {
		fmt.Fprintln(c.stdout, none)
		return nil
	}
	w := newTable(c.stdout)
	fmt.Fprintln(w, "BACKUP\tINSTANCE\tBYTES\tENCRYPTED\tFILE\t")
	for _, b := range list {
		encrypted := "yes"
		if !b.Encrypted {
			encrypted = "no"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t\n", b.ID, b.Instance, b.Size, encrypted, b.File)
	}
	return w.Flush()
}

// verifyBackups reads one backup or all of an instance, and fails if any is damaged.
func (c *cli) verifyBackups(ctx context.Context, flagged string, args []string) error {
	only := ""
	if len(args) == 2 {
		args, only = args[:1], args[1]
	}
	client, name, at, err := c.kept(ctx, flagged, args)
	if err != nil {
		return err
	}
	list := []agent.BackupInfo{{ID: only}}
	if only == "" {
		if list, err = client.Backups(ctx, name, at); err != nil {
			return err
		}
	}
	var failed []error
	whole := []agent.BackupInfo{}
	for _, b := range list {
		info, err := client.VerifyBackup(ctx, name, at, b.ID)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		whole = append(whole, info)
	}
	if c.json {
		c.printJSON(whole)
	} else {
		for _, b := range whole {
			fmt.Fprintf(c.stdout, "Backup %s of %s is whole.\n", b.ID, b.Instance)
		}
	}
	return errors.Join(failed...)
}

// pruneBackups removes old backups, after the user has seen which.
func (c *cli) pruneBackups(ctx context.Context, flagged string, args []string, q backupFlags) error {
	client, name, at, err := c.kept(ctx, flagged, args)
	if err != nil {
		return err
	}
	request := agent.PruneBackupsRequest{Stack: name, Instance: at, Keep: q.keep, MaxAge: q.maxAge}
	list, err := client.PruneBackups(ctx, request)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return c.printBackups(list, "No backup has to go.")
	}
	if !q.approve {
		if err := c.printBackups(list, ""); err != nil {
			return err
		}
		question := fmt.Sprintf("%s of %s will be gone for good. Do you want that?", counted(len(list), "backup", "backups"), at)
		if err := c.confirm(ctx, question, q.input && !c.json, "Add -auto-approve."); err != nil {
			return err
		}
	}
	for _, b := range list {
		request.Only = append(request.Only, b.ID)
	}
	if list, err = client.PruneBackups(ctx, request); err != nil {
		return err
	}
	if c.json {
		c.printJSON(list)
		return nil
	}
	fmt.Fprintf(c.stdout, "Removed %s of %s.\n", counted(len(list), "backup", "backups"), at)
	return nil
}

func restoreCommand() command {
	return command{name: "restore", group: running, args: "COMPONENT BACKUP", summary: "Bring a backup back, in place of the data of now.",
		example: "recipe restore middleware.main 20261128T120000Z\nrecipe restore middleware.main ./main.tar.gz",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			approve := flags.Bool("auto-approve", false, "do not ask")
			input := flags.Bool("input", true, "ask questions")
			identity := flags.String("identity", "", "a `file` of keys as age-keygen writes it, for a BACKUP that is encrypted to one of them")
			return func(ctx context.Context, args []string) error {
				at, err := dataOf(args, 2)
				if err != nil {
					return err
				}
				from := args[1]
				if strings.ContainsRune(from, filepath.Separator) {
					if from, err = filepath.Abs(from); err != nil {
						return err
					}
				}
				if *identity != "" {
					if *identity, err = filepath.Abs(*identity); err != nil {
						return err
					}
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				q := agent.BackupRequest{Instance: at, From: from, Identity: *identity}
				if !*approve {
					if _, err := client.CheckRestore(ctx, name, q); err != nil {
						return err
					}
					if err := c.confirm(ctx, fmt.Sprintf("The data of %s of now are replaced by those of the backup. Do you want that?", at), *input, "Add -auto-approve."); err != nil {
						return err
					}
				}
				info, err := client.Restore(ctx, name, q)
				if err != nil {
					return err
				}
				if c.json {
					c.printJSON(info)
					return nil
				}
				fmt.Fprintf(c.stdout, "Restored %s from %s\n", info.Instance, info.File)
				return nil
			}
		}}
}

// dataOf reads the component or instance that a command about data is for; of a component it is the first instance.
func dataOf(args []string, n int) (addr.Instance, error) {
	if len(args) != n {
		return addr.Instance{}, hinted{errors.New("the arguments are not those of this command"), "They take a COMPONENT such as middleware.main, and restore also a BACKUP: recipe restore middleware.main 20261128T120000Z"}
	}
	at, err := addr.Parse(args[0])
	if err != nil {
		return at, err
	}
	if at.Part != "" {
		return at, fmt.Errorf("%q is not a component, such as middleware.main", args[0])
	}
	if at.Index == addr.Whole {
		at.Index = 0
	}
	return at, nil
}

// copyBackup writes a backup to a file of the user's, which nobody else can read. A part of it is not left there.
func copyBackup(to string, write func(io.Writer) error) error {
	out, err := os.CreateTemp(filepath.Dir(to), ".recipe-backup-") // 0600
	if err != nil {
		return fmt.Errorf("cannot copy the backup: %w", err)
	}
	defer os.Remove(out.Name())
	err = errors.Join(write(out), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		return fmt.Errorf("cannot copy the backup: %w", err)
	}
	return nil
}
