package bus

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
)

// Config is what a bus needs to know.
type Config struct {
	Dir           string    // absolute; made if missing
	Port          int       // of 127.0.0.1
	AdminUser     string    // may always log in; "" for none
	AdminPassword string    // of AdminUser
	Log           io.Writer // where the server's news go; nil drops them
}

// Names of the environment variables that Main reads.
const (
	EnvDir           = "RECIPE_BUS_DIR"
	EnvPort          = "PORT"
	EnvAdminUser     = "RECIPE_BUS_USERNAME"
	EnvAdminPassword = "RECIPE_BUS_PASSWORD"
)

// Main is the command `recipe bus [-dir DIR] [-port PORT]`. What is not said by a flag comes from the environment,
// which getenv looks up; the password comes from nowhere else, because everybody can read a command line. It serves
// until ctx ends and writes its log to stderr.
func Main(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) error {
	config, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	return Serve(ctx, config)
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (Config, error) {
	flags := flag.NewFlagSet("recipe bus", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", getenv(EnvDir), "the directory of the bus, or $"+EnvDir)
	port := flags.String("port", getenv(EnvPort), "the port of 127.0.0.1 to listen on, or $"+EnvPort)
	if err := flags.Parse(args); err != nil {
		return Config{}, err
	}
	if flags.NArg() > 0 {
		return Config{}, fmt.Errorf("recipe bus takes no argument: %q", flags.Arg(0))
	}
	number, err := strconv.Atoi(*port)
	if err != nil {
		return Config{}, fmt.Errorf("%q is not a port", *port)
	}
	return Config{
		Dir: *dir, Port: number, Log: stderr,
		AdminUser: getenv(EnvAdminUser), AdminPassword: getenv(EnvAdminPassword),
	}, nil
}

func (c Config) check() error {
	switch {
	case c.Dir == "":
		return errors.New("the bus needs a directory")
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("%d is not a port: ports go from 1 to 65535", c.Port)
	case c.AdminUser != "" && c.AdminPassword == "":
		return errors.New("the admin of the bus needs a password")
	}
	return nil
}
