package local

import (
	"fmt"
	"os"

	"github.com/nsynapse/recipe/providers/sdk"
)

// WriteFiles writes the binding files of a process that another executor is about to start.
func (p *Provider) WriteFiles(id sdk.Identity) error {
	if err := writeBindings(processDirectory(id), id.Known); err != nil {
		return fmt.Errorf("cannot write its binding files: %w", err)
	}
	return nil
}

// RemoveFiles removes the directory of a process that another executor has ended for good.
func (p *Provider) RemoveFiles(id sdk.Identity) error {
	if err := os.RemoveAll(processDirectory(id)); err != nil {
		return fmt.Errorf("cannot remove the process's files: %w", err)
	}
	return nil
}

// Directory is where the files of a recorded process are: its bindings, and its log if its executor keeps one there.
func Directory(id sdk.Identity) string { return processDirectory(id) }
