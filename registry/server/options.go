package server

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
)

// Options say what is served, and to whom.
type Options struct {
	Listen      string
	Directory   string
	Certificate string // files in PEM; both or none
	Key         string
	Users       string // a file NAME:BCRYPT a line, as htpasswd -B writes it; "" for no users
	Private     bool   // only users read; otherwise everybody does
	Push        Grants
}

// Grants say which users may push to which namespaces. It is the value of a flag that may be repeated.
type Grants map[string][]string // users by namespace

// Declare declares the flags of the options.
func (o *Options) Declare(flags *flag.FlagSet) {
	o.Push = Grants{}
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:5000", "the address to listen on")
	flags.StringVar(&o.Directory, "dir", "", "the directory that the packages are kept in")
	flags.StringVar(&o.Certificate, "tls-cert", "", "the certificate, a file in PEM")
	flags.StringVar(&o.Key, "tls-key", "", "the key of the certificate, a file in PEM")
	flags.StringVar(&o.Users, "users", "", "a file of users and their passwords, as `htpasswd -B` writes it")
	flags.BoolVar(&o.Private, "private", false, "only users may read")
	flags.Var(o.Push, "push", "`NAMESPACE=USER,…`: who may publish in a namespace; may be repeated")
}

// Set adds NAMESPACE=USER,….
func (g Grants) Set(s string) error {
	namespace, users, ok := strings.Cut(s, "=")
	if !ok || namespace == "" || users == "" {
		return fmt.Errorf("%q is not NAMESPACE=USER,USER", s)
	}
	g[namespace] = append(g[namespace], strings.Split(users, ",")...)
	return nil
}

func (g Grants) String() string { return "" }

// Check refuses what would be open to people it was not meant for.
func (o *Options) Check() error {
	host, _, err := net.SplitHostPort(o.Listen)
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case err != nil:
		return fmt.Errorf("%q is not an address to listen on, such as 127.0.0.1:5000: %w", o.Listen, err)
	case o.Directory == "":
		return errors.New("say where the packages are kept: -dir=/var/lib/packages")
	case (o.Certificate == "") != (o.Key == ""):
		return errors.New("-tls-cert and -tls-key belong together")
	case !local && o.Certificate == "":
		return fmt.Errorf("%s can be reached by others: passwords and packages need TLS there, with -tls-cert and -tls-key", o.Listen)
	case !local && o.Users == "":
		return fmt.Errorf("%s can be reached by others: say who may push, with -users and -push", o.Listen)
	case o.Users == "" && (len(o.Push) > 0 || o.Private):
		return errors.New("-push and -private need -users, the file that says who they are")
	}
	return nil
}

// Arguments are the options as arguments, which Declare reads again.
func (o *Options) Arguments() []string {
	args := []string{"-listen=" + o.Listen, "-dir=" + o.Directory, "-tls-cert=" + o.Certificate, "-tls-key=" + o.Key,
		"-users=" + o.Users, fmt.Sprintf("-private=%v", o.Private)}
	for _, namespace := range slices.Sorted(maps.Keys(o.Push)) {
		args = append(args, "-push="+namespace+"="+strings.Join(o.Push[namespace], ","))
	}
	return args
}
