package agent

import (
	"context"
	"path/filepath"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/providers/terraform"
)

// hosts run the programs that bring resource types, each by what it speaks.
type hosts struct {
	ours      *host.Host
	terraform *terraform.Host
}

// newHosts runs nothing yet; what it knows of programs is kept in home. say is told what plugins of recipe print; nil drops it.
func newHosts(home string, say func(plugin, line string)) hosts {
	return hosts{host.New(host.Options{Dir: pluginsDir(home), Say: say}), terraform.New(terraform.Options{Dir: filepath.Join(pluginsDir(home), "terraform")})}
}

// open returns the provider in a program, which is started only if its types are not known.
func (h hosts) open(ctx context.Context, protocol, name, file, digest string) (sdk.Provider, error) {
	if protocol == config.Terraform {
		return noneOnError(h.terraform.Open(ctx, name, file, digest))
	}
	return noneOnError(h.ours.Open(ctx, name, file, digest))
}

// noneOnError keeps a nil of one type from becoming a provider.
func noneOnError[P sdk.Provider](p P, err error) (sdk.Provider, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// close ends all programs.
func (h hosts) close() {
	h.ours.Close()
	h.terraform.Close()
}
