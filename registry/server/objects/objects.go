// Package objects is a registry of the OCI distribution protocol over a directory: that of the distribution project.
// It links much, so that it is a program of its own which uses it.
package objects

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // it makes itself known by being linked
	"github.com/sirupsen/logrus"
)

// New returns the registry in the directory, which is made when it is missing.
func New(ctx context.Context, directory string) (http.Handler, error) {
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return nil, fmt.Errorf("cannot make the directory of the packages: %w", err)
	}
	c := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem":  configuration.Parameters{"rootdirectory": directory},
			"maintenance": configuration.Parameters{"uploadpurging": map[any]any{"enabled": false}},
		},
	}
	// It tells of every request, as an error when there is no such thing; what fails for its own fault is told by Guard.
	logrus.SetLevel(logrus.FatalLevel)
	c.Log.AccessLog.Disabled = true
	c.Catalog.MaxEntries = 1000
	return handlers.NewApp(ctx, c), nil
}
