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
	"text/tabwriter"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/lang/addr"
)

func backupCommand() command {
	return command{name: "backup", group: running, args: "COMPONENT", summary: "Write the data of a component aside, or list what was.",
		example: "recipe backup middleware.main -o main.tar.gz",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			list := flags.Bool("list", false, "list the backups, and take none")
			out := flags.String("o", "", "also copy it to this `file`")
			return func(ctx context.Context, args []string) error {
				at, err := dataOf(args, 1)
				if err != nil {
					return err
				}
				if *list {
					return c.listBackups(ctx, *stack, at)
				}
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				info, err := client.Backup(ctx, name, agent.BackupRequest{Instance: at})
				if err != nil {
					return err
				}
				if *out != "" {
					if err := copyBackup(info.File, *out); err != nil {
						return err
					}
				}
				if c.json {
					c.printJSON(info)
					return nil
				}
				fmt.Fprintf(c.stdout, "Backup %s of %s: %d bytes in %s\n", info.ID, info.Instance, info.Size, info.File)
				return nil
			}
		}}
}

// listBackups needs no running stack: the backups of one that is gone are there still.
func (c *cli) listBackups(ctx context.Context, flagged string, at addr.Instance) error {
	name, err := stackName(flagged, nil)
	if err != nil {
		return err
	}
	client, err := c.agent(ctx)
	if err != nil {
		return err
	}
	list, err := client.Backups(ctx, name, at)
	if err != nil {
		return err
	}
	if c.json {
		c.printJSON(list)
		return nil
	}
	if len(list) == 0 {
		fmt.Fprintf(c.stdout, "There is no backup of %s.\n", at)
		return nil
	}
	w := tabwriter.NewWriter(c.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "BACKUP\tINSTANCE\tBYTES\tFILE\t")
	for _, b := range list {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t\n", b.ID, b.Instance, b.Size, b.File)
	}
	return w.Flush()
}

func restoreCommand() command {
	return command{name: "restore", group: running, args: "COMPONENT BACKUP", summary: "Bring a backup back, in place of the data of now.",
		example: "recipe restore middleware.main 20261128T120000Z\nrecipe restore middleware.main ./main.tar.gz",
		setup: func(c *cli, flags *flag.FlagSet) func(context.Context, []string) error {
			c.jsonFlag(flags)
			stack := stackFlag(flags)
			approve := flags.Bool("auto-approve", false, "do not ask")
			input := flags.Bool("input", true, "ask questions")
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
				client, name, err := c.onStack(ctx, *stack)
				if err != nil {
					return err
				}
				if !*approve {
					if err := c.confirm(fmt.Sprintf("The data of %s of now are replaced by those of the backup. Do you want that?", at), *input, "Add -auto-approve."); err != nil {
						return err
					}
				}
				info, err := client.Restore(ctx, name, agent.BackupRequest{Instance: at, From: from})
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
		return addr.Instance{}, hinted{errors.New("the arguments are not those of this command"), "It takes COMPONENT, and restore also BACKUP: recipe restore middleware.main 20261128T120000Z"}
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

// copyBackup copies a backup to a file of the user's, which nobody else can read.
func copyBackup(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("cannot read the backup: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot copy the backup: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("cannot copy the backup: %w", err)
	}
	return nil
}
